"""The interface of a source: something that holds a checkpoint or an adapter."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from transformermodel_predictor.progress import Progress


@dataclass(frozen=True)
class Resolved:
    """A source pinned to what will be read.

    Attributes:
        identity: everything that decides the bytes, as one line, such as `hf://org/name@<commit>`. Part of the input
            key: two equal identities mean equal files.
        commit: short name of the pinned state for people: the hub's commit, a package's version, a folder's tree hash.
    """

    identity: str
    commit: str


@dataclass(frozen=True)
class Listing:
    """What `acquire` would bring.

    Attributes:
        sizes: bytes of each file, by its name in the folder.
        configuration: the text of config.json, where there is one.
        local: those of the files that are on this machine already, by name.
    """

    sizes: Mapping[str, int]
    configuration: str | None
    local: Mapping[str, Path] = field(default_factory=dict)

    @property
    def bytes(self) -> int:
        """Of all files."""
        return sum(self.sizes.values())


class Source(Protocol):
    """Somewhere a checkpoint or an adapter can be read from.

    All methods raise `PreparationFailed` with the class of what went wrong.
    """

    def resolve(self) -> Resolved:
        """Pin the source: at most one look-up over the network, no download."""
        ...

    def survey(self, resolved: Resolved, folder: Path) -> Listing:
        """What `acquire` would bring, without weights being fetched; small files that tell it go into the folder."""
        ...

    def acquire(self, resolved: Resolved, folder: Path, progress: Progress) -> Path:
        """A local folder with the files of the pinned state. It is only read from.

        `folder` is the source's own: what it has to download or to copy goes there. It outlives an attempt that ends
        early, so an interrupted download goes on where it was.
        """
        ...
