"""Decides which parts of a store can be removed. Pure.

An artifact is kept while a model refers to it, or if it was looked up by its input within the grace period. Leftovers
of a killed preparation are kept for the grace period, too: another attempt may resume from them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Kept:
    """An artifact or a leftover in a store.

    Attributes:
        size: in bytes.
        used: time of the last write or look-up.
    """

    size: int
    used: datetime


@dataclass(frozen=True)
class Input:
    """A recorded input: the digest of its artifact, and the time of its last look-up."""

    digest: str
    used: datetime


@dataclass(frozen=True)
class StoreContent:
    """The content of a store.

    Attributes:
        artifacts: by digest, incomplete uploads included.
        inputs: by key.
        referenced: digests that models refer to.
        leftovers: workspaces without an owner, by name.
    """

    artifacts: Mapping[str, Kept]
    inputs: Mapping[str, Input]
    referenced: frozenset[str]
    leftovers: Mapping[str, Kept]


@dataclass(frozen=True)
class Removal:
    """What to remove, sorted.

    Attributes:
        artifacts: digests and their sizes in bytes.
        inputs: keys of inputs whose artifact is removed or missing.
        leftovers: workspaces and their sizes in bytes.
    """

    artifacts: Mapping[str, int]
    inputs: tuple[str, ...]
    leftovers: Mapping[str, int]

    @property
    def size(self) -> int:
        """Freed space, in bytes."""
        return sum(self.artifacts.values()) + sum(self.leftovers.values())


def removable(content: StoreContent, now: datetime, grace: timedelta) -> Removal:
    """What has not been needed for the grace period."""
    start = now - grace
    needed = content.referenced | {item.digest for item in content.inputs.values() if item.used > start}
    gone = {
        digest: kept.size
        for digest, kept in sorted(content.artifacts.items())
        if digest not in needed and kept.used <= start
    }
    remaining = content.artifacts.keys() - gone.keys()
    return Removal(
        artifacts=gone,
        inputs=tuple(
            key for key, item in sorted(content.inputs.items()) if item.digest not in remaining and item.used <= start
        ),
        leftovers={name: kept.size for name, kept in sorted(content.leftovers.items()) if kept.used <= start},
    )
