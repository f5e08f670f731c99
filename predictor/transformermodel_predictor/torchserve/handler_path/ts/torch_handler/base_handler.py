"""The base class of handlers: loads a model from an archive's files, and turns rows into answers."""

import logging
import os
import time
from abc import ABC
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import torch
from torch.profiler import profile

from ts.handler_utils.timer import timed
from ts.torch_handler.ahead_of_time import load_library, load_package
from ts.torch_handler.compilation import compile_options, compiled, exports_ahead_of_time
from ts.torch_handler.devices import XLA_AVAILABLE, choose_device
from ts.torch_handler.eager_model import load_eager_model
from ts.torch_handler.explained_row import input_of, target_of
from ts.torch_handler.explained_target import InvalidTarget
from ts.torch_handler.onnx_session import ONNX_AVAILABLE, is_session, run_session, setup_ort_session
from ts.torch_handler.profiling import PROFILER_AVAILABLE, TABLE_ROWS, is_switched_on, profiler_settings
from ts.utils.labels import load_label_mapping
from ts.utils.prediction_exception import PredictionException

__all__ = [
    "IPEX_AVAILABLE",
    "ONNX_AVAILABLE",
    "PROFILER_AVAILABLE",
    "PT2_AVAILABLE",
    "PT230_AVAILABLE",
    "XLA_AVAILABLE",
    "BaseHandler",
    "setup_ort_session",
]

logger = logging.getLogger(__name__)

PT2_AVAILABLE = True
PT230_AVAILABLE = True
IPEX_AVAILABLE = False
"""Intel's extension is discontinued; its features are in torch."""

_LABELS = "index_to_name.json"
_YES = "True"
"""Header value with which the server marks requests for an explanation or a description."""


class BaseHandler(ABC):  # noqa: B024 - archives use it as a handler, and subclass it together with other ABCs
    """Loads a model in any form, and answers in three steps, each of which a subclass can override.

    The attributes are also set on the class, for subclasses whose `__init__` does not call this one.

    Attributes:
        model: a module, a TorchScript or compiled model, or an ONNX Runtime session.
        mapping: labels by class index as text, if the archive has index_to_name.json.
        device: where the model is.
        initialized: whether the model is loaded.
        context: the current batch's.
        model_pt_path: the manifest's serializedFile.
        manifest: MAR-INF/MANIFEST.json.
        map_location: the type of device.
        explain: whether the current batch asks for explanations.
        target: unused; for subclasses.
        profiler_args: arguments of torch's profiler.
        model_yaml_config: model-config.yaml.
    """

    model: Any = None
    mapping: dict[str, Any] | None = None
    device: Any = None
    initialized: bool = False
    context: Any = None
    model_pt_path: str | None = None
    manifest: Mapping[str, Any] | None = None
    map_location: str | None = None
    explain: bool = False
    target: Any = 0
    profiler_args: Mapping[str, Any] = {}
    model_yaml_config: Mapping[str, Any] | None = None

    def __init__(self) -> None:
        self.profiler_args = {}

    def initialize(self, context: Any) -> None:
        """Load the manifest's model onto this worker's device.

        Args:
            context: the model's.

        Raises:
            RuntimeError: there is nothing to load, or it cannot be loaded.
        """
        self.context = context
        self.model_yaml_config = getattr(context, "model_yaml_config", None)
        self.manifest = context.manifest
        properties = context.system_properties
        placement = choose_device(properties.get("gpu_id"))
        self.map_location, self.device = placement.map_location, placement.device
        model_dir = str(properties.get("model_dir"))
        described = self.manifest["model"]
        serialized, model_file = described.get("serializedFile"), described.get("modelFile")
        self.model_pt_path = os.path.join(model_dir, serialized) if serialized else None
        self.model = self._load(model_dir, model_file)
        options = compile_options((self.model_yaml_config or {}).get("pt2"))
        if options is not None:
            self.model = compiled(self.model, options)
        self.mapping = load_label_mapping(os.path.join(model_dir, _LABELS))
        self.initialized = True

    def _load(self, model_dir: str, model_file: str | None) -> Any:
        path = self.model_pt_path
        if model_file:
            model = self._load_pickled_model(model_dir, model_file, path)
            return model.to(self.device).eval()
        if path is not None and path.endswith(".pt"):
            return self._load_torchscript_model(path).to(self.device).eval()
        if path is not None and path.endswith(".onnx"):
            return self._load_onnx_model(path)
        if path is not None and path.endswith(".so") and self._use_torch_export_aot_compile():
            return self._load_torch_export_aot_compile(path)
        if path is not None and path.endswith(".pt2"):
            return load_package(path, self.device)
        raise RuntimeError(f"No model weights could be loaded: {_what_is_missing(path)}")

    def _load_pickled_model(self, model_dir: str, model_file: str, model_pt_path: str | None) -> Any:
        """Load a model class from a Python file, and its weights from another file."""
        return load_eager_model(model_dir, model_file, model_pt_path, self.device)

    def _load_torchscript_model(self, model_pt_path: str) -> Any:
        """Load a TorchScript file."""
        try:
            return torch.jit.load(model_pt_path, map_location=self.device)  # type: ignore[no-untyped-call]
        except (RuntimeError, ValueError) as error:
            raise RuntimeError(
                f"{model_pt_path} cannot be read as TorchScript; a state dict needs a model file (--model-file) with "
                f"the model's class. {error}"
            ) from error

    def _load_onnx_model(self, model_onnx_path: str) -> Any:
        if not ONNX_AVAILABLE:
            raise RuntimeError(f"{model_onnx_path} needs onnxruntime, which is not installed")
        return setup_ort_session(model_onnx_path, str(self.map_location))

    def _load_torch_export_aot_compile(self, model_so_path: str) -> Any:
        """Load a library compiled ahead of time."""
        return load_library(model_so_path, self.device)

    def _use_torch_export_aot_compile(self) -> bool:
        """Whether model-config.yaml says `pt2: {export: {aot_compile: true}}`."""
        return exports_ahead_of_time((self.model_yaml_config or {}).get("pt2"))

    @timed
    def preprocess(self, data: Any) -> Any:
        """Convert rows to the model's input: by default one tensor."""
        return torch.as_tensor(data, device=self.device)

    @timed
    def inference(self, data: Any, *args: Any, **kwargs: Any) -> Any:
        """Run the model without gradients; ONNX models too take and return tensors."""
        if is_session(self.model):
            return run_session(self.model, data)
        with torch.inference_mode():
            return self.model(data.to(self.device), *args, **kwargs)

    @timed
    def postprocess(self, data: Any) -> Any:
        """Convert the model's output to one answer per row: by default a tensor's rows as lists."""
        return data.tolist()

    def handle(self, data: Any, context: Any) -> Any:
        """Answer a batch with predictions, explanations or the model's description, as its first row requests.

        Records the metric HandlerTime, in milliseconds.

        Args:
            data: [N] rows.
            context: this batch's.

        Returns:
            [N] answers.
        """
        started = time.perf_counter()
        self.context = context
        if self._is_describe():
            output = [self.describe_handle()]
        elif is_switched_on():
            output, _ = self._infer_with_profiler(data)
        else:
            output = self._answer(data)
        if context is not None and context.metrics is not None:
            milliseconds = round((time.perf_counter() - started) * 1000, 2)
            context.metrics.add_time("HandlerTime", milliseconds, None, "ms")
        return output

    def _answer(self, data: Any) -> Any:
        prepared = self.preprocess(data)
        self.explain = self._is_explain()
        return self.explain_handle(prepared, data) if self.explain else self.postprocess(self.inference(prepared))

    def _infer_with_profiler(self, data: Any) -> tuple[Any, profile]:
        """Answer a batch under torch's profiler; logs the costliest operations."""
        model_name = ((self.manifest or {}).get("model") or {}).get("modelName") or "model"
        with profile(**profiler_settings(self.profiler_args, model_name)) as profiler:
            output = self._answer(data)
        logger.info("%s", profiler.key_averages().table(sort_by="cpu_time_total", row_limit=TABLE_ROWS))
        return output, profiler

    def explain_handle(self, data_preprocess: Any, raw_data: Any) -> Any:
        """Explain every row by itself, with `get_insights(prepared, input, target)` of the subclass.

        Args:
            data_preprocess: the result of `preprocess`. If there are several rows, each is preprocessed again by
                itself: only the subclass knows the format, and padding would change an explanation.
            raw_data: [N] rows, whose part `target` is the class to explain; default 0. A class that the model does not
                have is answered with status 400, for its row only.

        Returns:
            [N] explanations.

        Raises:
            PredictionException: status 501, the subclass has no `get_insights`.
        """
        if getattr(self, "get_insights", None) is None:
            raise PredictionException(f"{type(self).__name__} has no get_insights, with which it could explain", 501)
        if len(raw_data) == 1:
            return self._insights(0, data_preprocess, raw_data[0])
        explanations: list[Any] = []
        for index, row in enumerate(raw_data):
            found = self._insights(index, self.preprocess([row]), row)
            explanations.append(found[0] if len(found) == 1 else found)
        return explanations

    def _insights(self, index: int, prepared: Any, row: Any) -> list[Any]:
        """The explanation of a row, or the reason why there is none."""
        try:
            return _listed(self.get_insights(prepared, input_of(row), target_of(row)))  # type: ignore[attr-defined]
        except InvalidTarget as error:
            self.context.set_response_status(error.error_code, HTTPStatus(error.error_code).phrase, index)
            return [error.message]

    def _is_explain(self) -> bool:
        """Whether the batch asks for explanations; its requests are all of one kind."""
        return bool(self._first_header("explain") == _YES)

    def _is_describe(self) -> bool:
        """Whether the batch asks for a description of the model."""
        return bool(self._first_header("describe") == _YES)

    def _first_header(self, name: str) -> Any:
        return self.context.get_request_header(0, name) if self.context is not None else None

    def describe_handle(self) -> Any:
        """A JSON object that the management API adds to its own description of the model."""
        return {}

    def get_device(self) -> Any:
        """The model's device."""
        return self.device


def _listed(found: Any) -> list[Any]:
    """The insights of one row, as a list."""
    if isinstance(found, torch.Tensor):
        found = found.tolist()
    return found if isinstance(found, list) else [found]


def _what_is_missing(path: str | None) -> str:
    if path is None:
        return "the manifest names neither serializedFile nor modelFile"
    if path.endswith(".so"):
        return f"{path} is loaded where model-config.yaml has pt2: {{export: {{aot_compile: true}}}}"
    return (
        f"{path} needs a model file (--model-file) with the model's class; without one, TorchScript (.pt), ONNX "
        "(.onnx) and what torch.export writes (.pt2, .so) can be loaded"
    )
