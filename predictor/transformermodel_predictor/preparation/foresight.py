"""Checks a source before its weights are fetched, with the same checks as the preparation.

Local files are opened; of remote ones, names and configuration are checked. The content of remote archives and GGUF
files is unknown until they are fetched.
"""

from pathlib import Path

from transformermodel_api.contract import PreparationRequest
from transformermodel_api.source import RemoteCode
from transformermodel_predictor.checkpoints.adapter import require_adapter
from transformermodel_predictor.checkpoints.checkpoint import read_configuration, read_object, require_readable
from transformermodel_predictor.checkpoints.torch_file import is_traced
from transformermodel_predictor.sources.source import Listing
from transformermodel_predictor.sources.unpacking import is_archive
from transformermodel_predictor.tasks.catalogue import task_type

_CONFIGURATION = "config.json"
_SAFETENSORS = ".safetensors"
_GGUF = ".gguf"


def require_checkpoint(request: PreparationRequest, listing: Listing, origin: str, folder: Path) -> None:
    """Refuse a checkpoint that the preparation would refuse, without running its code.

    Args:
        request: the preparation's.
        listing: the source's files.
        origin: its uri without secrets.
        folder: an empty folder to work in.

    Raises:
        PreparationFailed: as `read_checkpoint`.
    """
    if _is_closed(listing) or not (_has_safetensors(listing) or _is_pickled(listing)):
        return
    _lay_out(listing, folder)
    trusted = request.source.trust_remote_code is RemoteCode.Allowed
    if not (trusted and "auto_map" in read_object(folder / _CONFIGURATION, origin)):
        read_configuration(folder, origin, task_type(request.task).auto_class)
    for name, file in listing.local.items():
        if name.endswith(_SAFETENSORS):
            require_readable(file, origin)


def require_adapter_source(listing: Listing, origin: str, folder: Path) -> None:
    """Refuse an adapter that the preparation would refuse.

    Args:
        listing: the source's files.
        origin: its uri without secrets.
        folder: an empty folder to work in.

    Raises:
        PreparationFailed: UnsupportedSource, it has no configuration or no weights of an adapter, or they are damaged.
    """
    if _is_closed(listing):
        return
    _lay_out(listing, folder)
    require_adapter(folder, origin, {name for name in listing.sizes if name not in listing.local})


def _is_closed(listing: Listing) -> bool:
    """Whether its content is unknown before it is fetched."""
    return any(is_archive(name) or name.endswith(_GGUF) for name in listing.sizes)


def _has_safetensors(listing: Listing) -> bool:
    return any(name.endswith(_SAFETENSORS) for name in listing.sizes)


def _is_pickled(listing: Listing) -> bool:
    """Whether the weights are known to be PyTorch's own; a traced graph needs no configuration."""
    weights = [file for name, file in listing.local.items() if name.endswith((".bin", ".pt", ".pth"))]
    return bool(weights) and not any(is_traced(file) for file in weights)


def _lay_out(listing: Listing, folder: Path) -> None:
    """Link the local files into one folder, without copying them."""
    folder.mkdir(parents=True)
    for name, file in listing.local.items():
        (folder / name).symlink_to(file.absolute())
    if listing.configuration is not None and _CONFIGURATION not in listing.local:
        (folder / _CONFIGURATION).write_text(listing.configuration, encoding="utf-8")
