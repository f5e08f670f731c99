"""Texts of random tokens, on which methods are tried."""

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
"""Two, as rows of different lengths run together."""
_GENERATING_LENGTHS = (5,)
"""One for language models: rows of theirs run apart by length, and each token costs hundreds of times as much."""
_WORD = "a"


@dataclass(frozen=True)
class Frame:
    """What a tokenizer writes around a text, which a baseline keeps.

    Some models cannot do without it: BART and T5 look for the token that ends a text. Of others that have none, as most
    language models, all tokens are replaced, and gradients are to be had there too.

    Attributes:
        before: special tokens before the text.
        after: those after it.
        special: all the tokens that no text is made of.
    """

    before: Sequence[int] = ()
    after: Sequence[int] = ()
    special: frozenset[int] = frozenset()

    @classmethod
    def of(cls, tokenizer: PreTrainedTokenizerBase) -> Self:
        """What stands around a word.

        Raises:
            UserError: the tokenizer does not know where its tokens stand.
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
    """The same at each start, with an objective that the model has whatever its head.

    Args:
        configuration: the model's.
        frame: of its tokenizer.
        generates: whether its logits are of tokens that follow. Then one of them is looked at, as explanations do: all
            logits of a vocabulary together change so restlessly on the way that hundreds of steps would be needed.

    Raises:
        NotDifferentiable: the configuration does not say how many tokens there are.
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
    """A text, and what is looked at: the token that follows it, or all there is."""
    tokens = [*frame.before, *text, *frame.after]
    return Target(
        name="probe",
        encoding=Encoding({"input_ids": tokens}),
        objective=_Mixture() if following is None else ContinuationLogProbability((len(tokens) - 1,), (following,)),
        score=1.0,
        features=(*[None] * len(frame.before), *range(len(text)), *[None] * len(frame.after)),
    )


class _Mixture:
    """All logits, each with another weight, so that none cancels another."""

    def value(self, outputs: Outputs) -> torch.Tensor:
        """Their weighed sum."""
        logits = [outputs[name].flatten() for name in sorted(outputs) if name.endswith("logits")]
        every = torch.cat(logits)
        return (every * torch.arange(1, len(every) + 1, dtype=every.dtype, device=every.device).cos()).sum()
