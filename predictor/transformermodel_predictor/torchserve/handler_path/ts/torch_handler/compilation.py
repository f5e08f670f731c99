"""torch.compile, as configured in model-config.yaml under `pt2`."""

import importlib
import logging
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from ts.utils.pt2 import check_valid_pt2_backend

logger = logging.getLogger(__name__)

_PACKAGES = {"openvino": "openvino.torch", "tensorrt": "torch_tensorrt"}
"""Modules that register a backend on import."""


def compile_options(pt2: Any) -> dict[str, Any] | None:
    """Arguments for torch.compile; None if the model is not to be compiled. Does not modify the configuration.

    Args:
        pt2: `{compile: {enable, backend, mode, …}}`, `{export: …}`, or the older formats: a backend, or options.
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
    """Whether, by the configuration, the model is a library compiled ahead of time."""
    export = pt2.get("export") if isinstance(pt2, Mapping) else None
    return bool(export.get("aot_compile")) if isinstance(export, Mapping) else False


def compiled(model: Any, options: Mapping[str, Any]) -> Any:
    """Wrap a model to be compiled at its first call; if that is impossible, log it and return the model itself."""
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
    """The model before compilation: explanations need its gradients and submodules."""
    return getattr(model, "_orig_mod", model)
