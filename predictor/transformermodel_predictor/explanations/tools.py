"""What a method needs to know of the model that it asks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from transformers import PreTrainedTokenizerBase

from transformermodel_predictor.explanations.explanation import Baseline
from transformermodel_predictor.tasks.task import Encoding, InvalidQuestion


@dataclass(frozen=True)
class Tools:
    """A model as methods see it, besides the rows that they yield.

    Attributes:
        stand_ins: the token that stands for one that is not there, for each baseline that is a token of this model.
        embed: `Twin.embed`, for gradient methods; None where the model has no twin. Called where the method is driven,
            which is the thread that runs the twin.
    """

    stand_ins: Mapping[Baseline, int]
    embed: Callable[[Encoding], torch.Tensor] | None = None

    def stand_in(self, baseline: Baseline) -> int:
        """The token id of a baseline.

        Raises:
            InvalidQuestion: it is none of this model's tokens; the text says which there are.
        """
        if baseline in self.stand_ins:
            return self.stand_ins[baseline]
        possible = " or ".join(repr(str(name)) for name in self.stand_ins) or "none of this model's tokens"
        if baseline is Baseline.Zero:
            raise InvalidQuestion(
                "The baseline 'zero' is an embedding and not a token, so only gradient methods have it; "
                f"methods that leave words out take {possible}."
            )
        raise InvalidQuestion(f"The model's tokenizer has no {baseline} token; possible is {possible}.")


_COUNT_PADDING_OUT = frozenset(
    [
        *("camembert", "data2vec-text", "esm", "ibert", "lilt", "longformer", "luke", "mpnet", "roberta"),
        *("roberta-prelayernorm", "xlm-roberta", "xlm-roberta-xl", "xmod"),
    ]
)
"""Values of `model_type` in config.json of models whose positions count only tokens that are not padding."""


def stand_ins_of(tokenizer: PreTrainedTokenizerBase, model_type: str) -> dict[Baseline, int]:
    """Which token stands for one that is not there, for each baseline that the tokenizer has.

    Pad is the padding token. Where it would move every token after it to another position, or there is none, as in most
    language models, it is the unknown token, or the one that ends a text.

    Args:
        tokenizer: the model's.
        model_type: as its config.json has it.
    """
    padding = None if model_type in _COUNT_PADDING_OUT else tokenizer.pad_token_id
    candidates = (padding, tokenizer.unk_token_id, tokenizer.eos_token_id)
    pad = next((token for token in candidates if token is not None), None)
    named = {Baseline.Pad: pad, Baseline.Mask: tokenizer.mask_token_id}
    return {baseline: token for baseline, token in named.items() if token is not None}
