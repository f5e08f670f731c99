"""Probes: targets on random tokens, which gradient methods are tried on."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Self

import torch
from transformers import PreTrainedConfig, PreTrainedTokenizerBase

from transformermodel_predictor.explanations.embeddings import NotDifferentiable
from transformermodel_predictor.explanations.objectives import ContinuationLogProbability
from transformermodel_predictor.explanations.target import Target
from transformermodel_predictor.tasks.task import Encoding, Outputs
from transformermodel_predictor.tasks.tokenization import encode_aligned
from transformermodel_predictor.tasks.windows import alignment_of

_LENGTHS = (4, 11)
"""Two lengths, since rows of different lengths run together."""
_GENERATING_LENGTHS = (5,)
"""One for language models: their rows run separately by length, and each token costs hundreds of times as much."""
_WORD = "a"


@dataclass(frozen=True)
class Frame:
    """The special tokens that a tokenizer adds around a text, and that baselines keep.

    Some models depend on them: BART and T5 look for the end-of-sequence token. Most language models have none; their
    baselines replace every token.

    Attributes:
        before: ids before the text.
        after: ids after the text.
        special: all ids that are not text.
    """

    before: Sequence[int] = ()
    after: Sequence[int] = ()
    special: frozenset[int] = frozenset()

    @classmethod
    def of(cls, tokenizer: PreTrainedTokenizerBase) -> Self:
        """The frame around a word.

        Raises:
            UserError: the tokenizer cannot map its tokens to offsets in the text.
        """
        (encoding,) = encode_aligned(tokenizer, [(_WORD, None)])
        tokens, texts = encoding.features["input_ids"], alignment_of(encoding).texts
        word = [place for place, text in enumerate(texts) if text is not None] or [len(tokens)]
        return cls(tokens[: word[0]], tokens[word[-1] + 1 :], frozenset(tokenizer.all_special_ids))


def probes_for(
    configuration: PreTrainedConfig,
    frame: Frame = Frame(),
    *,
    generates: bool = False,
) -> tuple[Target, ...]:
    """Deterministic probes, with an objective that suits any model head.

    Args:
        configuration: the model's.
        frame: the tokenizer's.
        generates: whether it is a language model. Its objective is one token's log-probability, as in explanations: a
            mixture of all logits over the vocabulary changes so erratically that it would need hundreds of steps.

    Raises:
        NotDifferentiable: the configuration has no vocabulary size.
    """
    size: int | None = getattr(configuration.get_text_config(), "vocab_size", None)
    if size is None:
        raise NotDifferentiable("its configuration names no vocab_size")
    special = {*frame.special, getattr(configuration, "pad_token_id", None)}
    tokens = [token for token in range(size) if token not in special]
    random = Random(0)  # noqa: S311 - no secret
    return tuple(
        _probe(random.choices(tokens, k=length), frame, random.choice(tokens) if generates else None)
        for length in (_GENERATING_LENGTHS if generates else _LENGTHS)
    )


def _probe(text: Sequence[int], frame: Frame, following: int | None) -> Target:
    """A probe whose objective is the log-probability of the following token, or a mixture of all logits if None."""
    tokens = [*frame.before, *text, *frame.after]
    return Target(
        name="probe",
        encoding=Encoding({"input_ids": tokens}),
        objective=_Mixture() if following is None else ContinuationLogProbability((len(tokens) - 1,), (following,)),
        score=1.0,
        features=(*[None] * len(frame.before), *range(len(text)), *[None] * len(frame.after)),
    )


class _Mixture:
    """The weighted sum of all logits; the weights differ, so that logits do not cancel."""

    def value(self, outputs: Outputs) -> torch.Tensor:
        """See `Objective`."""
        logits = [outputs[name].flatten() for name in sorted(outputs) if name.endswith("logits")]
        flat = torch.cat(logits)
        return (flat * torch.arange(1, len(flat) + 1, dtype=flat.dtype, device=flat.device).cos()).sum()
