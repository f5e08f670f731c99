"""What a hub says of a repository: the commit that a revision is, and its files. Pure.

GET /api/models/<org>/<name>/revision/<revision>, https://huggingface.co/docs/hub/api
"""

from dataclasses import dataclass

from pydantic import BaseModel, ValidationError

_SHOWN = 60
"""How many characters of something else are shown."""


@dataclass(frozen=True)
class HubFile:
    """A file of a repository.

    Attributes:
        name: its path in the repository.
        size: in bytes; None where the hub was not asked for it, or does not say.
        sha256: of a file in large storage, 64 hexadecimal digits.
        git_blob: of another one, as git names it, 40 hexadecimal digits.
    """

    name: str
    size: int | None
    sha256: str | None
    git_blob: str | None


@dataclass(frozen=True)
class HubAnswer:
    """A repository at a revision.

    Attributes:
        commit: what the revision is now; None where the hub names none.
        files: all of them, at whatever depth.
    """

    commit: str | None
    files: tuple[HubFile, ...]


class NoHubAnswer(ValueError):
    """Something else answered, such as a proxy with a page to log in; the text shows how that begins."""


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
    """Read the body of an answer.

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
