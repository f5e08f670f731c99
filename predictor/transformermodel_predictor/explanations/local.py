"""What the gradient at the text itself says of each token; no baseline, no way to it."""

from collections.abc import Callable

import torch

from transformermodel_predictor.explanations.explanation import Attribution
from transformermodel_predictor.explanations.path import Embed, gradient_of, replaced_tokens
from transformermodel_predictor.explanations.rows import GradientRow, Steps
from transformermodel_predictor.explanations.target import Target


def attribute_locally(
    target: Target, embed: Embed, weigh: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
) -> Steps:
    """Ask for one gradient, and sum over the width of the embeddings.

    Args:
        target: what is explained.
        embed: the twin's.
        weigh: what is summed, of the embedded text and the gradient by it, both and the result [tokens, width].
    """
    text = embed(target.encoding)
    (result,) = yield [GradientRow(target.encoding, text, target.objective)]
    gradient = gradient_of(result)
    values: list[float] = weigh(text.to(gradient), gradient).sum(dim=1, dtype=torch.float64).tolist()
    kept = (value if counts else 0.0 for value, counts in zip(values, replaced_tokens(target), strict=True))
    return Attribution(tuple(kept), delta=None, steps=1)
