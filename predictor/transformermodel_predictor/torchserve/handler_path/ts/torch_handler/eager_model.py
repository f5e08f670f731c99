"""A model whose class is in the archive (`modelFile`)."""

import importlib.util
import inspect
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import nn

from ts.torch_handler.weights import load_weights
from ts.utils.classes import list_classes_from_module


def load_eager_model(
    model_dir: str | os.PathLike[str],
    model_file: str,
    weights: str | os.PathLike[str] | None,
    device: torch.device | str,
) -> Any:
    """Instantiate the model class of a Python file and load its weights.

    Args:
        model_dir: the folder with the archive's files.
        model_file: the Python file, which defines one model.
        weights: its state dict; None keeps the weights that the class initialises.
        device: where to load the weights.

    Raises:
        RuntimeError: a file is missing, the Python file does not define one model, or the weights do not fit it.
    """
    file = Path(model_dir) / model_file
    if not file.is_file():
        raise RuntimeError(f"{file} is missing: the archive needs the file that its manifest names as modelFile")
    model = _model_class(_import(file), file)()
    if weights is not None:
        load_weights(model, weights, device)
    return model


def _import(file: Path) -> ModuleType:
    """Import a file under its own name, as the archive's other modules do, so that only one module of it exists."""
    known = sys.modules.get(file.stem)
    if known is not None and getattr(known, "__file__", None) and Path(str(known.__file__)).samefile(file):
        return known
    spec = importlib.util.spec_from_file_location(file.stem, file)
    if spec is None or spec.loader is None:
        raise RuntimeError(f"{file} is not a Python file, from which a model's class could be taken")
    module = sys.modules[file.stem] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _model_class(module: ModuleType, file: Path) -> Any:
    classes = list_classes_from_module(module)
    models = [class_ for class_ in classes if issubclass(class_, nn.Module) and not inspect.isabstract(class_)]
    for candidates in (classes, models):
        if len(candidates) == 1:
            return candidates[0]
    found = ", ".join(class_.__name__ for class_ in models or classes) or "none"
    raise RuntimeError(
        f"{file} must define one class, the model's; it defines {found}. Move the others to another file."
    )
