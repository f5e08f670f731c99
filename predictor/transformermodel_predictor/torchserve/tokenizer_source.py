"""Finds the tokenizer of a traced graph: in the same folder, or on the hub under the name of the traced model."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.progress import Progress
from transformermodel_predictor.sources.hub import HubSource
from transformermodel_predictor.sources.pinned import Pinned
from transformermodel_predictor.sources.selection import checkpoint_files
from transformermodel_predictor.sources.source import Listing, Resolved
from transformermodel_predictor.torchserve.hub_name import uri_of

_FILES = ("tokenizer.json", "tokenizer_config.json")
_HUB = "hf://"


def has_tokenizer(folder: Path) -> bool:
    """Whether a folder contains a tokenizer."""
    return any((folder / name).is_file() for name in _FILES)


def tokenizer_uri(model_name: str | None, origin: str) -> str:
    """The repository whose tokenizer TorchServe's handler would use.

    Args:
        model_name: the model's name in the settings of TorchServe's preparation script; None if they are missing.
        origin: uri of the graph, for messages.

    Raises:
        PreparationFailed: UnsupportedSource, no model on the hub is named.
    """
    if model_name is None:
        raise _unsupported(origin, "nothing beside its graph says of which model it is: add them.")
    try:
        uri = uri_of(model_name)
    except ValueError as error:
        raise _unsupported(origin, f"{error}.") from error
    if not uri.startswith(_HUB):
        raise _unsupported(origin, f"its model_name {model_name!r} is a folder: add them.")
    return uri


def pin_tokenizer(uri: str, origin: str) -> Pinned:
    """Pin the tokenizer of a repository to a commit. The uri may already have a commit, which is then ignored.

    Raises:
        PreparationFailed: NotFound, Unreachable and others, if the hub does not provide it.
    """
    repository = uri.partition("@")[0]
    source = _BorrowedTokenizer(HubSource(repository.removeprefix(_HUB), None, checkpoint_files(weights=False)), origin)
    return Pinned(repository, source, source.resolve())


@dataclass(frozen=True)
class _BorrowedTokenizer:
    """A repository without its weights; failures name the graph that needs it. Implements `Source`."""

    repository: HubSource
    origin: str

    def resolve(self) -> Resolved:
        with self._named():
            return self.repository.resolve()

    def survey(self, resolved: Resolved, folder: Path) -> Listing:
        with self._named():
            return self.repository.survey(resolved, folder)

    def acquire(self, resolved: Resolved, folder: Path, progress: Progress) -> Path:
        with self._named():
            return self.repository.acquire(resolved, folder, progress)

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except PreparationFailed as error:
            missing = f"{self.origin} has no tokenizer files, and those of its model_name cannot be had"
            raise PreparationFailed(error.reason, f"{missing}: {error.message}") from error


def _unsupported(origin: str, why: str) -> PreparationFailed:
    return PreparationFailed(FailureReason.UnsupportedSource, f"{origin} has no tokenizer files, and {why}")
