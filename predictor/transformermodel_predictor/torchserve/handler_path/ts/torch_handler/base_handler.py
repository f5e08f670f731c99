"""The base of handlers: from an archive's files to a model, and from rows to answers."""

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
"""Intel's extension has ended; what it brought is in torch."""

_LABELS = "index_to_name.json"
_YES = "True"
"""How the server marks a request that asks for an explanation or a description."""


class BaseHandler(ABC):  # noqa: B024 - archives name it as their handler, and derive from it beside others of ABC
    """Loads a model in any form, and answers in three steps, each of which a subclass may replace.

    The attributes have values in the class too, for subclasses whose `__init__` does not call this one's.

    Attributes:
        model: a module, a TorchScript or compiled model, or an ONNX Runtime session.
        mapping: labels by the classes' indices as texts, where the archive has index_to_name.json.
        device: where the model is.
        initialized: whether the model is loaded.
        context: of the batch in hand.
        model_pt_path: the file that the manifest names as serializedFile.
        manifest: MAR-INF/MANIFEST.json.
        map_location: the kind of device.
        explain: whether the batch in hand asks for explanations.
        target: not used; subclasses may.
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
        """Load the model that the manifest names, onto the device of this worker.

        Args:
            context: the model's.

        Raises:
            RuntimeError: there is nothing that could be loaded, or it is not what it should be.
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
        """The model of a Python file, with the weights of another."""
        return load_eager_model(model_dir, model_file, model_pt_path, self.device)

    def _load_torchscript_model(self, model_pt_path: str) -> Any:
        """A TorchScript file."""
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
        """A library that was compiled ahead of time."""
        return load_library(model_so_path, self.device)

    def _use_torch_export_aot_compile(self) -> bool:
        """Whether model-config.yaml says `pt2: {export: {aot_compile: true}}`."""
        return exports_ahead_of_time((self.model_yaml_config or {}).get("pt2"))

    @timed
    def preprocess(self, data: Any) -> Any:
        """Rows as the model's input: here one tensor of them."""
        return torch.as_tensor(data, device=self.device)

    @timed
    def inference(self, data: Any, *args: Any, **kwargs: Any) -> Any:
        """Run the model, without gradients; an ONNX model too takes and gives tensors."""
        if is_session(self.model):
            return run_session(self.model, data)
        with torch.inference_mode():
            return self.model(data.to(self.device), *args, **kwargs)

    @timed
    def postprocess(self, data: Any) -> Any:
        """The model's output as answers, one for each row: here a tensor's rows as lists."""
        return data.tolist()

    def handle(self, data: Any, context: Any) -> Any:
        """Answer a batch: predictions, explanations, or the description of the model, as its first row asks.

        Measures the metric HandlerTime, in milliseconds.

        Args:
            data: [N] rows.
            context: of this batch.

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
        """Answer a batch under torch's profiler, whose costliest operations are logged."""
        model_name = ((self.manifest or {}).get("model") or {}).get("modelName") or "model"
        with profile(**profiler_settings(self.profiler_args, model_name)) as profiler:
            output = self._answer(data)
        logger.info("%s", profiler.key_averages().table(sort_by="cpu_time_total", row_limit=TABLE_ROWS))
        return output, profiler

    def explain_handle(self, data_preprocess: Any, raw_data: Any) -> Any:
        """Explain every row, by `get_insights(prepared, input, target)` of the subclass, as if it were alone.

        Args:
            data_preprocess: what `preprocess` made of the rows. Of several rows each is prepared once more by itself:
                what it looks like is for the subclass alone to know, and padding would change an explanation.
            raw_data: [N] rows, whose part `target` names the class to explain; 0 where it is not there. One that the
                model does not have is refused with the status 400, to its row alone.

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
        """The explanation of a row, or why there is none."""
        try:
            return _listed(self.get_insights(prepared, input_of(row), target_of(row)))  # type: ignore[attr-defined]
        except InvalidTarget as error:
            self.context.set_response_status(error.error_code, HTTPStatus(error.error_code).phrase, index)
            return [error.message]

    def _is_explain(self) -> bool:
        """Whether explanations are asked for; a batch has requests of one kind."""
        return bool(self._first_header("explain") == _YES)

    def _is_describe(self) -> bool:
        """Whether a description of the model is asked for."""
        return bool(self._first_header("describe") == _YES)

    def _first_header(self, name: str) -> Any:
        return self.context.get_request_header(0, name) if self.context is not None else None

    def describe_handle(self) -> Any:
        """What the management API tells of this model beside what it knows itself: an object for JSON."""
        return {}

    def get_device(self) -> Any:
        """Where the model is."""
        return self.device


def _listed(found: Any) -> list[Any]:
    """What was found for one row, as a list."""
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
