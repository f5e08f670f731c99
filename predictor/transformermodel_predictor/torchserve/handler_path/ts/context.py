"""Tells a handler about its model, the current requests and the server."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ts.headers import Headers
from ts.intermediate import Piece, Sender
from ts.request_processor import RequestProcessor

__all__ = ["Context", "RequestProcessor"]

_CONTENT_TYPE = "content-type"


class Context:
    """One object for a model's lifetime, updated for each batch; handlers may store attributes on it.

    Args:
        model_name: the model's name in URLs.
        model_dir: the folder with the archive's files.
        manifest: MAR-INF/MANIFEST.json.
        batch_size: maximum rows of a batch.
        gpu: index of the accelerator that this worker may use; None for none.
        mms_version: version of the server.
        limit_max_image_pixels: whether to refuse images with unreasonably many pixels.
        metrics: receives the handler's measurements.
        model_yaml_config: model-config.yaml; None if there is none.

    Attributes:
        request_ids: the batch's request ids by row.
        stopping_criteria: in continuous batching, decides by row whether a sequence has ended.
        header_key_sequence_id: name of the header with a sequence's id; the next two attributes mark its start and end.
    """

    def __init__(
        self,
        model_name: str | None,
        model_dir: str | Path | None,
        manifest: Mapping[str, Any] | None,
        batch_size: int | None,
        gpu: int | str | None,
        mms_version: str | None,
        limit_max_image_pixels: bool = True,
        metrics: Any = None,
        model_yaml_config: dict[str, Any] | None = None,
    ) -> None:
        self.model_name = model_name
        self.manifest = manifest
        self.model_yaml_config = model_yaml_config
        self.metrics = metrics
        self.request_ids: Mapping[int, str] | None = None
        self.request_processor: Sequence[RequestProcessor] = []
        self.stopping_criteria: Mapping[int, Callable[..., bool | None]] | None = None
        self.cl_socket: Any = None  # TorchServe's connection; send_intermediate replaces it
        self.header_key_sequence_id = os.environ.get("TS_REQUEST_SEQUENCE_ID", "ts_request_sequence_id")
        self.header_key_sequence_start = os.environ.get("TS_REQUEST_SEQUENCE_START", "ts_request_sequence_start")
        self.header_key_sequence_end = os.environ.get("TS_REQUEST_SEQUENCE_END", "ts_request_sequence_end")
        self._sender: Sender | None = None
        self._system_properties = {
            "model_dir": model_dir,
            "gpu_id": gpu,
            "batch_size": batch_size,
            "server_name": "MMS",
            "server_version": mms_version,
            "limit_max_image_pixels": limit_max_image_pixels,
        }

    @property
    def system_properties(self) -> dict[str, Any]:
        """`model_dir`, `gpu_id`, `batch_size`, `server_name`, `server_version` and `limit_max_image_pixels`."""
        return self._system_properties

    @property
    def _request_processor(self) -> Sequence[RequestProcessor]:
        """TorchServe's private name for `request_processor`, which handlers and their tests use as well."""
        return self.request_processor

    @_request_processor.setter
    def _request_processor(self, rows: Sequence[RequestProcessor]) -> None:
        self.request_processor = rows

    def begin_batch(self, request_ids: Mapping[int, str], headers: Sequence[Mapping[str, Any]]) -> None:
        """Switch to the next batch; the worker calls this before the handler.

        Args:
            request_ids: request ids by row.
            headers: headers by row; `explain` and `describe` are the texts "True" or "False".
        """
        self.request_ids = request_ids
        self.request_processor = [RequestProcessor(row) for row in headers]
        if self.metrics is not None:
            self.metrics.set_request_ids(request_ids)

    def get_request_id(self, idx: int = 0) -> str | None:
        """The id of a row's request."""
        return (self.request_ids or {}).get(idx)

    def get_request_header(self, idx: int, key: str) -> Any:
        """A header of a row's request, looked up in any case; None if it is absent or there is no request."""
        return self.request_processor[idx].get_request_property(key) if self.request_processor else None

    def get_all_request_header(self, idx: int) -> Headers:
        """All headers of a row's request."""
        return self.request_processor[idx].get_request_properties()

    def get_sequence_id(self, idx: int) -> Any:
        """The id of the sequence that a row belongs to; None if it belongs to none."""
        return self.get_request_header(idx, self.header_key_sequence_id)

    def set_response_content_type(self, idx: int, value: str) -> None:
        """Set the content type of a row's response."""
        self.request_processor[idx].add_response_property(_CONTENT_TYPE, value)

    def get_response_content_type(self, idx: int) -> str | None:
        """The content type that the handler set for a row's response."""
        return self.request_processor[idx].get_response_header(_CONTENT_TYPE)

    def get_response_status(self, idx: int) -> tuple[int, str | None]:
        """The status and reason phrase of a row's response."""
        row = self.request_processor[idx]
        return row.get_response_status_code(), row.get_response_status_phrase()

    def set_response_status(self, code: int = 200, phrase: str = "", idx: int = 0) -> None:
        """Answer a row with a status."""
        self.request_processor[idx].report_status(code, phrase)

    def set_all_response_status(self, code: int = 200, phrase: str = "") -> None:
        """Answer all rows with a status."""
        for row in self.request_processor:
            row.report_status(code, phrase)

    def get_response_headers(self, idx: int) -> dict[str, str]:
        """The headers that the handler has set for a row's response."""
        return self.request_processor[idx].get_response_headers()

    def set_response_header(self, idx: int, key: str, value: str) -> None:
        """Set a header of a row's response."""
        self.request_processor[idx].add_response_property(key, value)

    def send_intermediate(self, pieces: Sequence[Piece]) -> None:
        """Send pieces of answers to the clients.

        Raises:
            RuntimeError: the context has no sender, as in tests of handlers.
        """
        if self._sender is None:
            raise RuntimeError("nobody takes intermediate answers from this context: the server does while it asks")
        self._sender(pieces)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Context) and vars(self) == vars(other)

    __hash__ = object.__hash__
