"""Lets handlers written for PyTorch before 2.6 load whole models with `torch.load`, in their process alone."""

import functools
import pickle
from types import ModuleType
from typing import Any

from transformermodel_predictor.torchserve.older_transformers.log_once import log_once


def change_loading(module: ModuleType) -> None:
    """Let `torch.load` unpickle more than tensors, unless its caller sets `weights_only`.

    It tries to load only tensors first. Unpickling may run code, as the archive's handler does anyway; before PyTorch
    2.6 this was the default. With `weights_only=True`, which transformers sets, such files are refused as ever.

    Args:
        module: torch.serialization, before torch imports the function from it.
    """
    load = module.load

    @functools.wraps(load)
    def load_as_before(f: Any, *arguments: Any, weights_only: bool | None = None, **keywords: Any) -> Any:  # noqa: ANN401
        if weights_only is not None:
            return load(f, *arguments, weights_only=weights_only, **keywords)
        start = f.tell() if hasattr(f, "tell") else None
        try:
            return load(f, *arguments, **keywords)
        except pickle.UnpicklingError:
            if start is not None:
                f.seek(start)
            name = f if start is None else "a file"
            log_once(
                f"the handler loads {name} with torch.load, and it holds more than tensors: it is read as a pickle, "
                "which may run code, as PyTorch did before 2.6"
            )
            return load(f, *arguments, weights_only=False, **keywords)

    module.load = load_as_before  # type: ignore[attr-defined]
