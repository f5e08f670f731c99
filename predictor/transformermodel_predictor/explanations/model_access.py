"""The model as attribution methods see it, besides the rows that they yield."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from transformers import PreTrainedTokenizerBase

from transformermodel_predictor.explanations.explanation import Baseline
from transformermodel_predictor.tasks.task import Encoding, InvalidQuestion


@dataclass(frozen=True)
class ModelAccess:
    """Baseline tokens and embeddings of a model.

    Attributes:
        baseline_tokens: token id of each baseline that the tokenizer has a token for.
        embed: `Twin.embed`, for gradient methods; None where the model has no twin. Called in the thread that drives
            the method, which is the one that runs the twin.
    """

    baseline_tokens: Mapping[Baseline, int]
    embed: Callable[[Encoding], torch.Tensor] | None = None

    def baseline_token(self, baseline: Baseline) -> int:
        """The token id of a baseline.

        Raises:
            InvalidQuestion: the model has no such token; the message says which baselines there are.
        """
        if baseline in self.baseline_tokens:
            return self.baseline_tokens[baseline]
        possible = " or ".join(repr(str(name)) for name in self.baseline_tokens) or "none of this model's tokens"
        if baseline is Baseline.Zero:
            raise InvalidQuestion(
                "The baseline 'zero' is an embedding and not a token, so only gradient methods have it; "
                f"methods that leave words out take {possible}."
            )
        raise InvalidQuestion(f"The model's tokenizer has no {baseline} token; possible is {possible}.")


_POSITIONS_SKIP_PADDING = frozenset(
    [
        *("camembert", "data2vec-text", "esm", "ibert", "lilt", "longformer", "luke", "mpnet", "roberta"),
        *("roberta-prelayernorm", "xlm-roberta", "xlm-roberta-xl", "xmod"),
    ]
)
"""Values of `model_type` in config.json of models whose position ids skip padding tokens."""


def baseline_tokens_of(tokenizer: PreTrainedTokenizerBase, model_type: str) -> dict[Baseline, int]:
    """The token id of each baseline that the tokenizer has a token for.

    Pad is the padding token. Where the model would skip it when counting positions, or there is none, as in most
    language models, it is the unknown or the end-of-sequence token.

    Args:
        tokenizer: the model's.
        model_type: from its config.json.
    """
    padding = None if model_type in _POSITIONS_SKIP_PADDING else tokenizer.pad_token_id
    candidates = (padding, tokenizer.unk_token_id, tokenizer.eos_token_id)
    pad = next((token for token in candidates if token is not None), None)
    named = {Baseline.Pad: pad, Baseline.Mask: tokenizer.mask_token_id}
    return {baseline: token for baseline, token in named.items() if token is not None}
