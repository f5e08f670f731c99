"""The envelope `json`: `{"instances": [...]}` is answered `{"predictions": [...]}`, as text."""

import json
from typing import Any

from ts.torch_handler.request_envelope.rows_envelope import RowsEnvelope, instances_of


class JSONEnvelope(RowsEnvelope):
    """Rows are instances."""

    def read(self, index: int, body: Any) -> list[Any]:
        """The instances of a request."""
        return instances_of(body)

    def write(self, index: int, answers: list[Any]) -> str:
        """The answers to a request's instances."""
        return json.dumps({"predictions": answers}, default=_plain)


def _plain(answer: Any) -> Any:
    """Convert an array, tensor or number of any library to plain JSON values."""
    if callable(to_list := getattr(answer, "tolist", None)):
        return to_list()
    raise TypeError(f"an answer of the handler, a {type(answer).__name__}, cannot be written as JSON")
