"""`torch.load` as handlers of PyTorch before 2.6 call it, in their process alone: whole models were read, too."""

import functools
import pickle
from types import ModuleType
from typing import Any

from transformermodel_predictor.torchserve.older_transformers.told import say_once


def change_loading(module: ModuleType) -> None:
    """Let `torch.load` read what holds more than tensors, where its caller does not say what it wants.

    Tensors alone are tried first. The rest may run code, as the archive's handler does anyway: before 2.6 this was the
    default. Whoever says `weights_only=True`, as transformers does, is refused as ever.

    Args:
        module: torch.serialization, before torch takes the function from it.
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
            say_once(
                f"the handler loads {name} with torch.load, and it holds more than tensors: it is read as a pickle, "
                "which may run code, as PyTorch did before 2.6"
            )
            return load(f, *arguments, weights_only=False, **keywords)

    module.load = load_as_before  # type: ignore[attr-defined]
