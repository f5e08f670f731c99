"""Limits on the length of inputs, in tokens."""

from torch import nn
from transformers import PreTrainedModel

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason

_POSITION_TABLES = ("position_embeddings", "wpe")
_UNLIMITED = 10**9
"""Tokenizers without a limit have 1e30."""


def model_limit(model: PreTrainedModel) -> int | None:
    """The longest input that a model has positions for; None if its configuration does not say.

    RoBERTa and its relatives count positions from after the padding index, so their tables have rows that no token
    can use.
    """
    for name, module in model.named_modules():
        if name.rpartition(".")[2] in _POSITION_TABLES and isinstance(module, nn.Embedding):
            unused = 0 if module.padding_idx is None else module.padding_idx + 1
            return module.num_embeddings - unused
    limit = getattr(model.config, "max_position_embeddings", None)
    return limit if isinstance(limit, int) and limit > 0 else None


def choose_max_length(wanted: int | None, tokenizer_limit: int, limit: int | None) -> int:
    """The requested length, else what tokenizer and model allow.

    Raises:
        PreparationFailed: WeightsMismatch, the request exceeds the model's positions; UnsupportedSource, neither
            request, tokenizer nor model has a limit.
    """
    if wanted is not None:
        if limit is not None and wanted > limit:
            raise PreparationFailed(
                FailureReason.WeightsMismatch,
                f"spec.preparation.maxLength is {wanted}, but the model has positions for {limit} tokens: lower it.",
            )
        return wanted
    known = [value for value in (tokenizer_limit, limit) if value is not None and value < _UNLIMITED]
    if not known:
        raise PreparationFailed(
            FailureReason.UnsupportedSource,
            "neither tokenizer nor configuration says how long an input may be: set spec.preparation.maxLength.",
        )
    return min(known)
