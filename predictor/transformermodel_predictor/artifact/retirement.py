"""Removes the artifacts of a deleted model that no other model uses."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from transformermodel_predictor.artifact.collection import StoreContent
from transformermodel_predictor.artifact.collector import Attempt, Collectable

PATIENCE_SECONDS = 180
"""How long to wait for a server that still has an artifact open."""

_LOOK_AGAIN_SECONDS = 2
_STAYS = (Attempt.Needed, Attempt.Held)


@dataclass(frozen=True)
class Retirement:
    """What happened to the artifacts of a deleted model.

    Attributes:
        removed: digests and their sizes in bytes.
        kept: digests that another model uses, that were looked up meanwhile, or that a server has open. Those removed
            by another process are in neither.
    """

    removed: Mapping[str, int]
    kept: tuple[str, ...]


def retire(store: Collectable, reference: str, pause: Callable[[float], None] = time.sleep) -> Retirement:
    """Remove the artifacts that only this model uses, and then its references.

    The references are removed last, so that an interrupted retirement can be repeated.

    Args:
        store: with the artifacts.
        reference: the model, CLUSTER/NAMESPACE/NAME.
        pause: sleeps for a number of seconds.
    """
    content = store.content(leaving=reference)
    there = [digest for digest in store.used_by(reference) if digest in content.artifacts]
    alone = [digest for digest in there if digest not in content.referenced]
    attempts = {digest: _attempt(store, content, digest, reference, pause) for digest in alone}
    store.forget(reference)
    return Retirement(
        removed={
            digest: content.artifacts[digest].size for digest, attempt in attempts.items() if attempt is Attempt.Removed
        },
        kept=tuple(digest for digest in there if attempts.get(digest, Attempt.Needed) in _STAYS),
    )


def _attempt(
    store: Collectable, content: StoreContent, digest: str, reference: str, pause: Callable[[float], None]
) -> Attempt:
    """Remove an artifact, unless it becomes needed; an object store's clock may be ahead of this machine's."""
    leading = {key: item.used for key, item in content.inputs.items() if item.digest == digest}
    seen = max(datetime.now(UTC), *leading.values()) if leading else datetime.now(UTC)
    for _ in range(PATIENCE_SECONDS // _LOOK_AGAIN_SECONDS):
        attempt = store.remove_artifact(digest, tuple(leading), seen, reference)
        if attempt is not Attempt.Held:
            return attempt
        pause(_LOOK_AGAIN_SECONDS)
    return Attempt.Held
