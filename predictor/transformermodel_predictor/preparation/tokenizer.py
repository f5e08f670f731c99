"""The checkpoint's tokenizer, as the request wants it."""

from transformers import PreTrainedTokenizerBase

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.preparation.checkpoint import Checkpoint
from transformermodel_predictor.pretrained import load_pretrained_tokenizer, one_line

_PROBE = "ABC"


def load_tokenizer(checkpoint: Checkpoint, *, do_lower_case: bool | None) -> PreTrainedTokenizerBase:
    """Load the tokenizer; lower-casing is changed only when the request says so.

    Raises:
        PreparationFailed: UnsupportedSource, there is none, or it cannot lower-case as asked.
    """
    wanted = {} if do_lower_case is None else {"do_lower_case": do_lower_case}
    try:
        tokenizer = load_pretrained_tokenizer(checkpoint.folder, **wanted)
    except MemoryError:
        raise
    except Exception as error:  # which one is up to the tokenizer
        raise PreparationFailed(
            FailureReason.UnsupportedSource, f"{checkpoint.origin} has no usable tokenizer ({one_line(error)})."
        ) from error
    # Without its files transformers makes a tokenizer that knows nothing but its special tokens, and says nothing.
    if set(tokenizer.get_vocab()) <= set(tokenizer.all_special_tokens):
        raise PreparationFailed(FailureReason.UnsupportedSource, f"{checkpoint.origin} has no tokenizer files.")
    _require_lower_casing(tokenizer, checkpoint.origin, do_lower_case)
    return tokenizer


def lower_cases(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Whether text loses its upper case before it is cut into tokens."""
    normalizer = getattr(getattr(tokenizer, "backend_tokenizer", None), "normalizer", None)
    return normalizer is not None and _PROBE.lower() in normalizer.normalize_str(_PROBE)


def _require_lower_casing(tokenizer: PreTrainedTokenizerBase, origin: str, wanted: bool | None) -> None:
    """Refuse a wish that the tokenizer ignored: transformers would not tell."""
    if wanted and not lower_cases(tokenizer):
        raise PreparationFailed(
            FailureReason.UnsupportedSource,
            f"the tokenizer of {origin} cannot lower-case text: remove spec.preparation.doLowerCase.",
        )
