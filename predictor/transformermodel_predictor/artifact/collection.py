"""Which parts of a store nobody needs any more. Pure.

An artifact stays as long as a model refers to it, or an input that was asked for within the grace period led to it.
What a dead preparation left stays for the grace period, too: another attempt may go on with it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Kept:
    """Something in a store.

    Attributes:
        size: in bytes.
        used: when it was last written or asked for.
    """

    size: int
    used: datetime


@dataclass(frozen=True)
class Input:
    """A remembered input: the digest of its artifact, and when it was last asked for."""

    digest: str
    used: datetime


@dataclass(frozen=True)
class StoreContent:
    """What is in a store.

    Attributes:
        artifacts: by digest, uploads that never came to their end included.
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
    """What can go, sorted.

    Attributes:
        artifacts: digests and their sizes in bytes.
        inputs: keys whose artifact goes or is gone.
        leftovers: workspaces and their sizes in bytes.
    """

    artifacts: Mapping[str, int]
    inputs: tuple[str, ...]
    leftovers: Mapping[str, int]

    @property
    def size(self) -> int:
        """What is freed, in bytes."""
        return sum(self.artifacts.values()) + sum(self.leftovers.values())


def removable(content: StoreContent, now: datetime, grace: timedelta) -> Removal:
    """What nobody has needed for the grace period."""
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
