"""The model as an ONNX graph, in float32 or with its linear layers in int8."""

from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import torch
from torch import nn

from transformermodel_api.preparation import Format, Precision
from transformermodel_api.spec import TaskName
from transformermodel_predictor.candidate import Candidate, EngineName
from transformermodel_predictor.engines.compiled import unsupported
from transformermodel_predictor.engines.graph import Graph
from transformermodel_predictor.engines.onnx import ONNX_FILE, load_onnx
from transformermodel_predictor.engines.signature import SIGNATURE_FILE
from transformermodel_predictor.preparation.forms.exportable import Exportable
from transformermodel_predictor.preparation.forms.form import ALL_TASKS, Place
from transformermodel_predictor.preparation.forms.writing import compiling, exportable, write_signature
from transformermodel_predictor.preparation.merge import Merged

_OPSET = 18
_LARGEST_BYTES = 2**31 - 2**20
"""An ONNX file is one protobuf message, which is limited to 2 GiB."""


class OnnxForm:
    """A graph in the Open Neural Network Exchange format. Implements `Form`."""

    format: ClassVar[Format] = Format.ONNX
    summary: ClassVar[str] = "An ONNX graph; ONNX Runtime runs it on the CPU without PyTorch's operators."
    files: ClassVar[tuple[str, ...]] = (ONNX_FILE, SIGNATURE_FILE)
    candidates: ClassVar[tuple[Candidate, ...]] = tuple(
        Candidate(Format.ONNX, EngineName.ONNX, precision) for precision in (Precision.Float32, Precision.Int8)
    )
    tasks: ClassVar[tuple[TaskName, ...]] = ALL_TASKS
    needs: ClassVar[str] = "A CPU, and weights of at most 2 GiB."
    reproducible: ClassVar[bool] = True

    def refusal(self, candidate: Candidate, task: TaskName, architecture: str, place: Place) -> str | None:
        """Why a candidate is unsuitable; see `Form`."""
        if place.device.type != "cpu":
            return "the form ONNX runs on the CPU alone here"
        return None

    def build(self, merged: Merged, candidate: Candidate, place: Place, folder: Path) -> None:
        """Export the model, check the graph, and quantise it for Int8; see `Form`."""
        file = folder / ONNX_FILE
        with compiling(candidate):
            source = exportable(merged, candidate, place)
            _require_size(source.module)
            _export(source, file)
        source.check(replace(candidate, precision=Precision.Float32), _load(source, file))
        if candidate.precision is Precision.Int8:
            with compiling(candidate):
                _quantise(file)
            _load(source, file)
        write_signature(source.signature, folder)


def _load(source: Exportable, file: Path) -> Graph:
    return load_onnx(file, source.signature.input_names, source.signature.outputs)


def _require_size(model: nn.Module) -> None:
    size = sum(tensor.nbytes for tensor in model.state_dict().values())
    if size > _LARGEST_BYTES:
        raise unsupported(f"the model has {size / 2**30:.1f} GiB, and one ONNX file holds at most 2.")


def _export(source: Exportable, file: Path) -> None:
    """Write the graph with dynamic sizes, and check it.

    Uses the tracing exporter: it is several times faster than the one based on torch.export, and does not write this
    machine's folders into the file.
    """
    import onnx  # needed only to build this form

    torch.onnx.export(
        source.module,
        source.example,
        str(file),
        dynamo=False,
        opset_version=_OPSET,
        input_names=list(source.signature.input_names),
        output_names=list(source.signature.outputs),
        dynamic_axes=source.axes,
    )
    onnx.checker.check_model(str(file), full_check=True)


def _quantise(file: Path) -> None:
    """Store the weights of linear layers in int8, with a scale per channel; activations are quantised at run time."""
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.quantization.shape_inference import quant_pre_process

    simplified = file.with_suffix(".simplified")
    quant_pre_process(file, simplified, skip_symbolic_shape=True)
    quantize_dynamic(
        simplified, file, op_types_to_quantize=["MatMul", "Gemm"], per_channel=True, weight_type=QuantType.QInt8
    )
    simplified.unlink()
