"""Removing what nobody needs from a store, while others work with it."""

from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from typing import Protocol

from transformermodel_predictor.artifact.collection import Removal, StoreContent, removable


class Attempt(Enum):
    """What came of an attempt to remove an artifact."""

    Removed = auto()
    Gone = auto()
    """It was not there any more."""
    Needed = auto()
    """A model refers to it, or somebody has asked for it: it stays."""
    Held = auto()
    """Nobody needs it, but a process has it open, and may end."""


class Collectable(Protocol):
    """A store whose content can be listed and removed in parts."""

    def content(self, leaving: str | None = None) -> StoreContent:
        """What is in the store now; what a model uses that is leaving does not count as referenced."""
        ...

    def used_by(self, reference: str) -> tuple[str, ...]:
        """The digests that the model CLUSTER/NAMESPACE/NAME uses."""
        ...

    def remove_artifact(
        self, digest: str, inputs: tuple[str, ...], unneeded_since: datetime, leaving: str | None = None
    ) -> Attempt:
        """Remove an artifact and the inputs that lead to it, unless somebody uses it or has come to need it."""
        ...

    def forget(self, reference: str) -> None:
        """Forget what a model used: it is no more."""
        ...

    def remove_inputs(self, keys: tuple[str, ...]) -> None:
        """Forget inputs whose artifacts are gone."""
        ...

    def remove_leftover(self, name: str) -> bool:
        """Remove what a dead preparation left; False when it has an owner after all."""
        ...


def collect(store: Collectable, grace: timedelta, *, dry_run: bool = False) -> Removal:
    """Remove what nobody has needed for the grace period; what was, or on a dry run would be, removed.

    Safe beside preparations and servers: each artifact is looked at once more right before it goes.
    """
    now = datetime.now(UTC)
    content = store.content()
    planned = removable(content, now, grace)
    if dry_run:
        return planned
    return _removed(store, content, planned, now - grace)


def _removed(store: Collectable, content: StoreContent, planned: Removal, unneeded_since: datetime) -> Removal:
    artifacts = {}
    for digest, size in planned.artifacts.items():
        leading = tuple(key for key in planned.inputs if content.inputs[key].digest == digest)
        if store.remove_artifact(digest, leading, unneeded_since) is Attempt.Removed:
            artifacts[digest] = size
    dangling = tuple(key for key in planned.inputs if content.inputs[key].digest not in planned.artifacts)
    store.remove_inputs(dangling)
    return Removal(
        artifacts=artifacts,
        inputs=tuple(key for key in planned.inputs if key in dangling or content.inputs[key].digest in artifacts),
        leftovers={name: size for name, size in planned.leftovers.items() if store.remove_leftover(name)},
    )
