"""torch.compile, as model-config.yaml asks for it under `pt2`."""

import importlib
import logging
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from ts.utils.pt2 import check_valid_pt2_backend

logger = logging.getLogger(__name__)

_PACKAGES = {"openvino": "openvino.torch", "tensorrt": "torch_tensorrt"}
"""What registers a backend when it is imported."""


def compile_options(pt2: Any) -> dict[str, Any] | None:
    """What torch.compile is called with; None where the model is not to be compiled. The configuration stays as it is.

    Args:
        pt2: `{compile: {enable, backend, mode, …}}`, `{export: …}`, or the older forms: a backend, or options.
    """
    if isinstance(pt2, str):
        return {"backend": pt2}
    if not isinstance(pt2, Mapping) or not pt2:
        return None
    if "compile" not in pt2:
        return None if "export" in pt2 else dict(pt2)
    options = dict(pt2["compile"] or {})
    return options if options.pop("enable", True) else None


def exports_ahead_of_time(pt2: Any) -> bool:
    """Whether the configuration says that the model is a library which was compiled ahead of time."""
    export = pt2.get("export") if isinstance(pt2, Mapping) else None
    return bool(export.get("aot_compile")) if isinstance(export, Mapping) else False


def compiled(model: Any, options: Mapping[str, Any]) -> Any:
    """A model as it is compiled at its first call; as it is where it cannot be, with a line in the log."""
    backend = options.get("backend", "inductor")
    if not isinstance(model, nn.Module) or isinstance(model, torch.jit.ScriptModule):
        logger.warning("pt2: a %s is compiled already, and is served as it is", type(model).__name__)
        return model
    if not check_valid_pt2_backend(backend):
        return model
    try:
        if backend in _PACKAGES:
            importlib.import_module(_PACKAGES[backend])
        return torch.compile(model, **{**options, "backend": backend})
    except (ImportError, RuntimeError, TypeError, ValueError) as error:
        logger.warning("pt2: the model is served without torch.compile, which failed: %s", error)
        return model


def original(model: Any) -> Any:
    """The model that was compiled, or the model itself: explanations need its gradients and parts."""
    return getattr(model, "_orig_mod", model)
