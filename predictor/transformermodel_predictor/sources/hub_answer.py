"""Parses a hub's description of a repository: the commit of a revision, and its files. Pure.

GET /api/models/<org>/<name>/revision/<revision>, https://huggingface.co/docs/hub/api
"""

from dataclasses import dataclass

from pydantic import BaseModel, ValidationError

_SHOWN = 60
"""Characters of an invalid response that a message shows."""


@dataclass(frozen=True)
class HubFile:
    """A file of a repository.

    Attributes:
        name: its path in the repository.
        size: in bytes; None if it was not requested, or is not given.
        sha256: of a file in large-file storage, 64 hexadecimal digits.
        git_blob: git's id of any other file, 40 hexadecimal digits.
    """

    name: str
    size: int | None
    sha256: str | None
    git_blob: str | None


@dataclass(frozen=True)
class HubAnswer:
    """A repository at a revision.

    Attributes:
        commit: of the revision; None if the hub gives none.
        files: all files, at any depth.
    """

    commit: str | None
    files: tuple[HubFile, ...]


class NoHubAnswer(ValueError):
    """The response is not a hub's, such as a proxy's login page; the message shows its beginning."""


class _Large(BaseModel):
    sha256: str


class _Sibling(BaseModel):
    rfilename: str
    size: int | None = None
    blobId: str | None = None  # noqa: N815 - the hub's own name
    lfs: _Large | None = None

    def file(self) -> HubFile:
        if self.lfs is not None:
            return HubFile(self.rfilename, self.size, self.lfs.sha256, None)
        return HubFile(self.rfilename, self.size, None, self.blobId)


class _Document(BaseModel):
    id: str
    sha: str | None = None
    siblings: tuple[_Sibling, ...] | None = None


def read_hub_answer(text: str) -> HubAnswer:
    """Parse the body of a response.

    Raises:
        NoHubAnswer: it is not a hub's.
    """
    try:
        document = _Document.model_validate_json(text)
    except ValidationError:
        words = " ".join(text.split())
        shown = words if len(words) <= _SHOWN else f"{words[: _SHOWN - 1]}\N{HORIZONTAL ELLIPSIS}"
        raise NoHubAnswer(repr(shown)) from None
    return HubAnswer(document.sha, tuple(sibling.file() for sibling in document.siblings or ()))
