"""The model as machine code, compiled ahead of time by torch.export and AOTInductor."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from transformermodel_predictor.candidate import Candidate
from transformermodel_predictor.engines.compiled import model_file, require_device, signature_in, unsupported
from transformermodel_predictor.engines.engine import Engine
from transformermodel_predictor.engines.graph import Graph, GraphEngine
from transformermodel_predictor.engines.processor import unmet
from transformermodel_predictor.engines.signature import GraphSignature
from transformermodel_predictor.pretrained import one_line
from transformermodel_predictor.quiet import quiet
from transformermodel_predictor.tasks.task import Task

EXPORTED_FILE = "model.pt2"
LIBRARY_FILE = "model.so"


def load(directory: Path, candidate: Candidate, task: Task[Any, Any], device: torch.device) -> Engine:
    """Load model.pt2, or the model.so that older versions of PyTorch write.

    Raises:
        PreparationFailed: UnsupportedForm, the file was compiled for another version of PyTorch, processor or device,
            or cannot be read.
        CorruptArtifact: the signature cannot be read.
    """
    signature = signature_in(directory, task)
    return GraphEngine(signature, load_graph(directory, signature, device), device)


def load_graph(directory: Path, signature: GraphSignature, device: torch.device) -> Graph:
    """Load the graph in model.pt2, or in model.so.

    Raises:
        PreparationFailed: UnsupportedForm, the file was compiled for another version of PyTorch, processor or device,
            or cannot be read.
    """
    require_device(signature, device, directory)
    reason = unmet(signature.made_with, device)
    if reason is not None:
        raise unsupported(f"the model in {directory} does not run here: {reason}. Prepare it again on this machine.")
    return load_exported(_file_in(directory), device)


def load_exported(file: Path, device: torch.device) -> Graph:
    """Load an AOTInductor package or library as a graph.

    Raises:
        PreparationFailed: UnsupportedForm, PyTorch cannot load it.
    """
    try:
        with quiet():
            compiled = _compiled(file, device)
    except (RuntimeError, OSError) as error:
        raise unsupported(f"{file} cannot be loaded by AOTInductor ({one_line(error)}).") from error

    def graph(tensors: Sequence[torch.Tensor]) -> Sequence[torch.Tensor]:
        given = compiled(*tensors)
        return [given] if isinstance(given, torch.Tensor) else list(given)

    return graph


def _file_in(directory: Path) -> Path:
    if not (directory / EXPORTED_FILE).is_file() and any(directory.glob("*.so")):
        return model_file(directory, LIBRARY_FILE)
    return model_file(directory, EXPORTED_FILE)


def _compiled(file: Path, device: torch.device) -> Callable[..., Any]:
    if file.suffix == ".so":
        from torch._export import aot_load  # the only loader of bare libraries

        return aot_load(str(file), str(device))
    from torch._inductor import aoti_load_package  # importing it takes a second

    return aoti_load_package(str(file), device_index=device.index if device.index is not None else -1)
