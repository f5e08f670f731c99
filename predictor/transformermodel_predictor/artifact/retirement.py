"""Removing what a model alone has used, when the model is no more."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from transformermodel_predictor.artifact.collection import StoreContent
from transformermodel_predictor.artifact.collector import Attempt, Collectable

PATIENCE_SECONDS = 180
"""How long the end of a server that still has an artifact open is waited for."""

_LOOK_AGAIN_SECONDS = 2
_STAYS = (Attempt.Needed, Attempt.Held)


@dataclass(frozen=True)
class Retirement:
    """What became of the artifacts of a model that is no more.

    Attributes:
        removed: digests and their sizes in bytes.
        kept: digests that another model uses, that somebody has asked for meanwhile, or that a server has open. What
            somebody else has removed is in neither.
    """

    removed: Mapping[str, int]
    kept: tuple[str, ...]


def retire(store: Collectable, reference: str, pause: Callable[[float], None] = time.sleep) -> Retirement:
    """Remove what a model alone has used, and forget the model.

    The model is forgotten at the end: whoever begins again after an interruption finds what is left to do.

    Args:
        store: where the artifacts are.
        reference: the model, CLUSTER/NAMESPACE/NAME.
        pause: waits so many seconds.
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
    """Remove an artifact, unless somebody comes to need it; an object store's clock may be ahead of this machine's."""
    leading = {key: item.used for key, item in content.inputs.items() if item.digest == digest}
    seen = max(datetime.now(UTC), *leading.values()) if leading else datetime.now(UTC)
    for _ in range(PATIENCE_SECONDS // _LOOK_AGAIN_SECONDS):
        attempt = store.remove_artifact(digest, tuple(leading), seen, reference)
        if attempt is not Attempt.Held:
            return attempt
        pause(_LOOK_AGAIN_SECONDS)
    return Attempt.Held
