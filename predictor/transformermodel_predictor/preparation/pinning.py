"""Pins the sources that a manifest names to one revision each. Needs no PyTorch."""

from pathlib import Path

from transformermodel_api.identity import fingerprint
from transformermodel_api.origin import without_secrets
from transformermodel_api.source import RemoteCode
from transformermodel_api.source import Source as RequestedSource
from transformermodel_predictor.sources.catalogue import source_for
from transformermodel_predictor.sources.pinned import Pinned
from transformermodel_predictor.sources.selection import checkpoint_files


def pin_sources(source: RequestedSource, base: Path) -> tuple[Pinned, Pinned | None]:
    """Pin a checkpoint and, where there is one, its adapter.

    Raises:
        PreparationFailed: a source does not exist or cannot be reached.
    """
    trusted = source.trust_remote_code is RemoteCode.Allowed
    checkpoint = _pin(source.uri, source.revision, base, trusted=trusted)
    if source.adapter_uri is None:
        return checkpoint, None
    return checkpoint, _pin(source.adapter_uri, source.adapter_revision, base, trusted=trusted)


def fingerprint_of(checkpoint: Pinned, adapter: Pinned | None) -> str:
    """Short identity of the pinned state, which changes if any file changes."""
    adapted = adapter.resolved.identity if adapter is not None else None
    return fingerprint({"source": checkpoint.resolved.identity, "adapter": adapted})[:16]


def _pin(uri: str, revision: str | None, base: Path, *, trusted: bool) -> Pinned:
    source = source_for(uri, revision, base, checkpoint_files(code=trusted))
    return Pinned(without_secrets(uri), source, source.resolve())
