"""Garbage collection of a store, safe beside preparations and servers that use it."""

from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from typing import Protocol

from transformermodel_predictor.artifact.collection import Removal, StoreContent, removable


class Attempt(Enum):
    """The outcome of an attempt to remove an artifact."""

    Removed = auto()
    Gone = auto()
    """It did not exist any more."""
    Needed = auto()
    """A model refers to it, or it was looked up meanwhile: it is kept."""
    Held = auto()
    """It is not needed, but a process has it open; retry once that has ended."""


class Collectable(Protocol):
    """A store whose content can be listed and removed item by item."""

    def content(self, leaving: str | None = None) -> StoreContent:
        """The store's current content; references of the model `leaving` do not count."""
        ...

    def references(self) -> tuple[str, ...]:
        """The models CLUSTER/NAMESPACE/NAME that refer to something, sorted."""
        ...

    def used_by(self, reference: str) -> tuple[str, ...]:
        """The digests that the model CLUSTER/NAMESPACE/NAME refers to."""
        ...

    def remove_artifact(
        self, digest: str, inputs: tuple[str, ...], unneeded_since: datetime, leaving: str | None = None
    ) -> Attempt:
        """Remove an artifact and the inputs that lead to it, unless it is in use or has become needed since."""
        ...

    def forget(self, reference: str) -> None:
        """Remove a deleted model's references."""
        ...

    def remove_inputs(self, keys: tuple[str, ...]) -> None:
        """Remove inputs whose artifacts are gone."""
        ...

    def remove_leftover(self, name: str) -> bool:
        """Remove a killed preparation's leftover; False if it has an owner after all."""
        ...


def collect(store: Collectable, grace: timedelta, *, dry_run: bool = False) -> Removal:
    """Remove what has not been needed for the grace period; returns what was, or on a dry run would be, removed.

    Safe beside preparations and servers: each artifact is checked again right before it is removed.
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
