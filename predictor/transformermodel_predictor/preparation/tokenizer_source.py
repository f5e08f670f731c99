"""Where the tokenizer of a traced graph is: beside it, or at the hub under the name of the model that was traced."""

from pathlib import Path

from transformers import PreTrainedTokenizerBase

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.preparation.downloader import uri_of
from transformermodel_predictor.preparation.progress import Progress
from transformermodel_predictor.preparation.tokenizer import open_tokenizer
from transformermodel_predictor.sources.hub import HubSource
from transformermodel_predictor.sources.selection import checkpoint_files

_FILES = ("tokenizer.json", "tokenizer_config.json")
_HUB = "hf://"


def find_tokenizer(
    folder: Path, origin: str, model_name: str | None, do_lower_case: bool | None, downloads: Path, progress: Progress
) -> tuple[PreTrainedTokenizerBase, str | None]:
    """The tokenizer, and the identity of the repository that it is from, with its commit; None for the folder's own.

    Args:
        folder: where the graph is.
        origin: its uri, for messages.
        model_name: what TorchServe's preparation script was told.
        do_lower_case: whether text is to be lower-cased; None leaves that to the tokenizer.
        downloads: where a tokenizer goes that is fetched.
        progress: who watches that.

    Raises:
        PreparationFailed: UnsupportedSource, there is none beside the graph and no model is named whose tokenizer would
            do; NotFound, Unreachable and others, the hub does not give it.
    """
    if any((folder / name).is_file() for name in _FILES):
        return open_tokenizer(folder, origin, do_lower_case=do_lower_case), None
    uri = _hub_uri(model_name, origin)
    source = HubSource(uri.removeprefix(_HUB), None, checkpoint_files(weights=False))
    try:
        resolved = source.resolve()
        place = source.acquire(resolved, downloads, progress)
    except PreparationFailed as error:
        missing = f"{origin} has no tokenizer files, and those of its model_name cannot be had"
        raise PreparationFailed(error.reason, f"{missing}: {error.message}") from error
    return open_tokenizer(place, uri, do_lower_case=do_lower_case), resolved.identity


def _hub_uri(model_name: str | None, origin: str) -> str:
    missing = f"{origin} has no tokenizer files"
    if model_name is None:
        raise _unsupported(f"{missing}, and nothing beside its graph says of which model it is: add them.")
    try:
        uri = uri_of(model_name)
    except ValueError as error:
        raise _unsupported(f"{missing}, and {error}.") from error
    if not uri.startswith(_HUB):
        raise _unsupported(f"{missing}, and its model_name {model_name!r} is a folder: add them.")
    return uri


def _unsupported(message: str) -> PreparationFailed:
    return PreparationFailed(FailureReason.UnsupportedSource, message)
