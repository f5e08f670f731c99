"""The model as an ONNX graph, run by ONNX Runtime on the CPU."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from transformermodel_predictor.candidate import Candidate
from transformermodel_predictor.engines.compiled import model_file, require_device, signature_in, unsupported
from transformermodel_predictor.engines.engine import Engine
from transformermodel_predictor.engines.graph import CPU, Graph, GraphEngine
from transformermodel_predictor.engines.signature import GraphSignature
from transformermodel_predictor.pretrained import one_line
from transformermodel_predictor.tasks.task import Task

ONNX_FILE = "model.onnx"


def load(directory: Path, candidate: Candidate, task: Task[Any, Any], device: torch.device) -> Engine:
    """Load model.onnx.

    Raises:
        PreparationFailed: UnsupportedForm, ONNX Runtime cannot read it, or it is for another device.
        CorruptArtifact: the signature cannot be read.
    """
    signature = signature_in(directory, task)
    return GraphEngine(signature, load_graph(directory, signature, device), CPU)


def load_graph(directory: Path, signature: GraphSignature, device: torch.device) -> Graph:
    """Load the graph in model.onnx.

    Raises:
        PreparationFailed: UnsupportedForm, ONNX Runtime cannot read it, or it is for another device.
    """
    require_device(signature, device, directory)
    return load_onnx(model_file(directory, ONNX_FILE), signature.input_names, signature.outputs)


def load_onnx(file: Path, inputs: Sequence[str], outputs: Sequence[str]) -> Graph:
    """Load an ONNX file as a graph; inputs that it does not use are left out.

    It runs one operator at a time, with one thread per core, as PyTorch does.

    Raises:
        PreparationFailed: UnsupportedForm, ONNX Runtime cannot read the file.
    """
    import onnxruntime  # only models of this format need it

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.force_spinning_stop", "1")  # else it takes cores from whatever runs next
    try:
        session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its exceptions have no common base class
        raise unsupported(f"{file} cannot be loaded by ONNX Runtime ({one_line(error)}).") from error
    used = {item.name for item in session.get_inputs()}

    def graph(tensors: Sequence[torch.Tensor]) -> Sequence[torch.Tensor]:
        feed = {name: tensor.numpy() for name, tensor in zip(inputs, tensors, strict=True) if name in used}
        return [torch.from_numpy(value) for value in session.run(list(outputs), feed)]

    return graph
