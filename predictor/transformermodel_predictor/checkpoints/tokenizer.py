"""Loads the checkpoint's tokenizer, with the request's lower-casing."""

from pathlib import Path

from transformers import TOKENIZER_MAPPING, PreTrainedTokenizerBase

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.checkpoints.checkpoint import Checkpoint, read_object, require_trust
from transformermodel_predictor.pretrained import load_pretrained_tokenizer, one_line
from transformermodel_predictor.sources.selection import WeightsKind

_CONFIGURATION = "tokenizer_config.json"
_WHOLE = "tokenizer.json"
_PROBE = "ABC"


def load_tokenizer(checkpoint: Checkpoint, *, do_lower_case: bool | None) -> PreTrainedTokenizerBase:
    """Load the tokenizer; lower-casing is changed only if requested.

    Raises:
        PreparationFailed: UnsupportedSource, there is none, or it cannot lower-case as asked; RemoteCodeForbidden, it
            is code that may not run.
    """
    inside = checkpoint.weights.kind is WeightsKind.GGUF and not (checkpoint.folder / _WHOLE).is_file()
    _require_known_tokenizer(checkpoint)
    return open_tokenizer(
        checkpoint.folder,
        checkpoint.origin,
        do_lower_case=do_lower_case,
        trusted=checkpoint.trusted,
        gguf_file=checkpoint.weights.files[0] if inside else None,
    )


def open_tokenizer(
    folder: Path, origin: str, *, do_lower_case: bool | None, trusted: bool = False, gguf_file: str | None = None
) -> PreTrainedTokenizerBase:
    """Load the tokenizer in a folder, whatever else is in it.

    Args:
        folder: where its files are.
        origin: the uri, for messages.
        do_lower_case: whether text is to be lower-cased; None leaves that to the tokenizer.
        trusted: whether code in the folder may run.
        gguf_file: the file of the weights, if the tokenizer is in it.

    Raises:
        PreparationFailed: UnsupportedSource, there is none, or it cannot lower-case as asked.
    """
    wishes: dict[str, bool | str | None] = {"do_lower_case": do_lower_case, "gguf_file": gguf_file}
    settings = {name: wish for name, wish in wishes.items() if wish is not None}
    try:
        tokenizer = load_pretrained_tokenizer(folder, trust_remote_code=trusted, **settings)
    except MemoryError:
        raise
    except Exception as error:  # which one is up to the tokenizer
        raise PreparationFailed(
            FailureReason.UnsupportedSource, f"{origin} has no usable tokenizer ({one_line(error)})."
        ) from error
    # Without its files transformers makes a tokenizer that knows nothing but its special tokens, and says nothing.
    if set(tokenizer.get_vocab()) <= set(tokenizer.all_special_tokens):
        raise PreparationFailed(FailureReason.UnsupportedSource, f"{origin} has no tokenizer files.")
    _require_lower_casing(tokenizer, origin, do_lower_case)
    return tokenizer


def _require_known_tokenizer(checkpoint: Checkpoint) -> None:
    """Refuse a tokenizer implemented by code in the folder, unless it is trusted or transformers does not need it."""
    stored = checkpoint.folder / _CONFIGURATION
    if not stored.is_file() or (checkpoint.folder / _WHOLE).is_file():
        return
    code = read_object(stored, checkpoint.origin).get("auto_map") or {}
    if "AutoTokenizer" in code and type(checkpoint.configuration) not in TOKENIZER_MAPPING:
        require_trust(checkpoint.trusted, checkpoint.origin, "its tokenizer", code["AutoTokenizer"])


def lower_cases(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Whether the tokenizer lower-cases text."""
    normalizer = getattr(getattr(tokenizer, "backend_tokenizer", None), "normalizer", None)
    return normalizer is not None and _PROBE.lower() in normalizer.normalize_str(_PROBE)


def _require_lower_casing(tokenizer: PreTrainedTokenizerBase, origin: str, wanted: bool | None) -> None:
    """Refuse a lower-casing setting that the tokenizer ignored, which transformers does not report."""
    if wanted and not lower_cases(tokenizer):
        raise PreparationFailed(
            FailureReason.UnsupportedSource,
            f"the tokenizer of {origin} cannot lower-case text: remove spec.preparation.doLowerCase.",
        )
