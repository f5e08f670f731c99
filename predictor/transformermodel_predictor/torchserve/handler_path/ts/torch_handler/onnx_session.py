"""Runs ONNX models with ONNX Runtime."""

import os
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any

import torch

ONNX_AVAILABLE = find_spec("onnxruntime") is not None


def setup_ort_session(model_pt_path: str | os.PathLike[str], map_location: str) -> Any:
    """An InferenceSession with as many threads as torch may use.

    Args:
        model_pt_path: the .onnx file, with any external weights beside it.
        map_location: `cuda` uses the GPU if ONNX Runtime can; otherwise the CPU.
    """
    import onnxruntime

    providers = ["CPUExecutionProvider"]
    if map_location == "cuda" and "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        providers.insert(0, "CUDAExecutionProvider")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    return onnxruntime.InferenceSession(os.fspath(model_pt_path), providers=providers, sess_options=options)


def is_session(model: object) -> bool:
    """Whether a model is an ONNX Runtime session."""
    return type(model).__module__.startswith("onnxruntime.")


def run_session(session: Any, given: Any) -> Any:
    """Run a session on tensors.

    Args:
        session: the model.
        given: a tensor, tensors in the order of the model's inputs, or tensors by their names.

    Returns:
        The model's output, or a list if it has several.
    """
    if not isinstance(given, Mapping):
        tensors = given if isinstance(given, Sequence) else (given,)
        given = dict(zip((input_.name for input_ in session.get_inputs()), tensors, strict=True))
    feed = {name: torch.as_tensor(tensor).detach().cpu().numpy() for name, tensor in given.items()}
    outputs = [torch.from_numpy(output) for output in session.run(None, feed)]
    return outputs[0] if len(outputs) == 1 else outputs
