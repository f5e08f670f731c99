"""Global attention of Longformer when it answers a question: the question's tokens see all others, and are seen by all.

Longformer would find them by counting separators. That fails on a text that contains one, with a tokenizer that writes
fewer, and on the random tokens of trial runs, so the engine passes the mask.
"""

from transformers import PreTrainedModel

from transformermodel_predictor.tasks.task import Encoding
from transformermodel_predictor.tasks.windows import span_of

GLOBAL_ATTENTION_MASK = "global_attention_mask"
"""Name of the feature."""

_COUNTING_SEPARATORS = frozenset({"LongformerForQuestionAnswering"})
_QUESTION = 0
"""Index of the question among the two texts."""


def counts_separators(model: PreTrainedModel) -> bool:
    """Whether a model looks for the question itself unless it is given the mask."""
    return type(model).__name__ in _COUNTING_SEPARATORS


def global_attention(encoding: Encoding) -> list[int]:
    """1 for all tokens up to the question's last, including the special token before it; 0 for the others.

    If the question's tokens are unknown, 1 for the first token only, as Longformer does when it classifies.
    """
    end = 0 if encoding.alignment is None else span_of(encoding.alignment, _QUESTION)[1]
    seen = max(end, 1)
    return [1] * seen + [0] * (len(encoding) - seen)
