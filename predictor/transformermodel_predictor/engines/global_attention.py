"""Which tokens Longformer has see all others, and be seen by them, when it answers a question: those of the question.

It would find them itself, by counting separators, and fails on a text that holds one, on a tokenizer that writes fewer,
and on the random tokens with which models are tried. So it is told.
"""

from transformers import PreTrainedModel

from transformermodel_predictor.tasks.task import Encoding
from transformermodel_predictor.tasks.windows import span_of

GLOBAL_ATTENTION_MASK = "global_attention_mask"
"""Name of the feature."""

_COUNTING_SEPARATORS = frozenset({"LongformerForQuestionAnswering"})
_QUESTION = 0
"""Which of the two texts the question is."""


def counts_separators(model: PreTrainedModel) -> bool:
    """Whether a model looks for the question itself unless it is told where it is."""
    return type(model).__name__ in _COUNTING_SEPARATORS


def global_attention(encoding: Encoding) -> list[int]:
    """1 for all tokens up to the question's last, the special one before it included; 0 for the others.

    Where nobody knows which they are, 1 for the first token alone, as Longformer does when it classifies.
    """
    end = 0 if encoding.alignment is None else span_of(encoding.alignment, _QUESTION)[1]
    seen = max(end, 1)
    return [1] * seen + [0] * (len(encoding) - seen)
