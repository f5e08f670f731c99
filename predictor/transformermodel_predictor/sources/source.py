"""The interface of a source: something that holds a checkpoint or an adapter."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from transformermodel_predictor.progress import Progress


@dataclass(frozen=True)
class Resolved:
    """The pinned state of a source.

    Attributes:
        identity: everything that determines the bytes, as one line, such as `hf://org/name@<commit>`. Part of the input
            key: equal identities mean equal files.
        commit: short name of the state for people: the hub's commit, a package's version, a folder's tree hash.
    """

    identity: str
    commit: str


@dataclass(frozen=True)
class Listing:
    """The files that `acquire` would fetch.

    Attributes:
        sizes: bytes of each file, by its name in the folder.
        configuration: the text of config.json, if there is one.
        local: paths of the files that are on this machine already, by name.
    """

    sizes: Mapping[str, int]
    configuration: str | None
    local: Mapping[str, Path] = field(default_factory=dict)

    @property
    def bytes(self) -> int:
        """Total size of all files."""
        return sum(self.sizes.values())


class Source(Protocol):
    """Somewhere a checkpoint or an adapter can be read from.

    All methods raise `PreparationFailed` with the class of failure.
    """

    def resolve(self) -> Resolved:
        """Pin the source, with at most one network request and no download."""
        ...

    def survey(self, resolved: Resolved, folder: Path) -> Listing:
        """List what `acquire` would fetch, without fetching weights; small files needed for that go into the folder."""
        ...

    def acquire(self, resolved: Resolved, folder: Path, progress: Progress) -> Path:
        """A local, read-only folder with the files of the pinned state.

        `folder` is for the source's downloads and copies. It is kept after an interruption, so that a download can be
        resumed.
        """
        ...
