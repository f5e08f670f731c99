"""Attribution from the gradient at the text alone: no baseline, no interpolation."""

from collections.abc import Callable

import torch

from transformermodel_predictor.explanations.explanation import Attribution
from transformermodel_predictor.explanations.path import Embed, attributed_tokens, gradient_of
from transformermodel_predictor.explanations.rows import AttributionGenerator, GradientRow
from transformermodel_predictor.explanations.target import Target


def attribute_locally(
    target: Target, embed: Embed, weigh: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
) -> AttributionGenerator:
    """Take one gradient, and sum a function of it over the embedding width.

    Args:
        target: what to explain.
        embed: `Twin.embed`.
        weigh: the summand from embeddings and gradient; arguments and result are [tokens, width].
    """
    text = embed(target.encoding)
    (result,) = yield [GradientRow(target.encoding, text, target.objective)]
    gradient = gradient_of(result)
    values: list[float] = weigh(text.to(gradient), gradient).sum(dim=1, dtype=torch.float64).tolist()
    masked = (value if counts else 0.0 for value, counts in zip(values, attributed_tokens(target), strict=True))
    return Attribution(tuple(masked), delta=None, steps=1)
