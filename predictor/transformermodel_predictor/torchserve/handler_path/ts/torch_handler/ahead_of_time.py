"""Loads models exported by torch.export, whether or not AOTInductor compiled them."""

import os
import zipfile
from typing import Any

import torch


def load_library(file: str | os.PathLike[str], device: torch.device) -> Any:
    """Load a bare library (.so), as compiled by older versions of PyTorch."""
    from torch._export import aot_load  # the only loader of bare libraries

    _use(device)
    return aot_load(os.fspath(file), str(device))


def load_package(file: str | os.PathLike[str], device: torch.device) -> Any:
    """Load a package (.pt2): compiled by AOTInductor, or an exported program that is not compiled.

    Raises:
        RuntimeError: it is neither.
    """
    _use(device)
    if _is_compiled(file):
        from torch._inductor import aoti_load_package

        return aoti_load_package(os.fspath(file), device_index=-1 if device.index is None else device.index)
    return torch.export.load(os.fspath(file)).module().to(device)


def _is_compiled(file: str | os.PathLike[str]) -> bool:
    try:
        with zipfile.ZipFile(file) as package:
            return any("/aotinductor/" in name for name in package.namelist())
    except (zipfile.BadZipFile, OSError) as error:
        raise RuntimeError(f"{file} cannot be read as a package of torch.export or AOTInductor: {error}") from error


def _use(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.set_device(device)
