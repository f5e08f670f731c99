"""The interface of a source: something that holds a checkpoint or an adapter."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from transformermodel_predictor.preparation.progress import Progress


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


class Source(Protocol):
    """Somewhere a checkpoint or an adapter can be read from.

    Both methods raise `PreparationFailed` with the class of what went wrong.
    """

    def resolve(self) -> Resolved:
        """Pin the source: at most one look-up over the network, no download."""
        ...

    def acquire(self, resolved: Resolved, folder: Path, progress: Progress) -> Path:
        """A local folder with the files of the pinned state. It is only read from.

        `folder` is the source's own: what it has to download or to copy goes there. It outlives an attempt that ends
        early, so an interrupted download goes on where it was.
        """
        ...
