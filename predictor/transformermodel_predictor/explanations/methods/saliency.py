"""Saliency: the L1 norm of the gradient with respect to each token's embedding.

K. Simonyan, A. Vedaldi and A. Zisserman, Deep Inside Convolutional Networks (2013). Absolute by default in
Captum, too: it says how much a token matters, not in which direction. No completeness.
"""

import torch

from transformermodel_predictor.explanations.explanation import Options
from transformermodel_predictor.explanations.local import attribute_locally
from transformermodel_predictor.explanations.model_access import ModelAccess
from transformermodel_predictor.explanations.path import embedding_of
from transformermodel_predictor.explanations.rows import AttributionGenerator
from transformermodel_predictor.explanations.target import Target


def attribute(target: Target, _: Options, access: ModelAccess) -> AttributionGenerator:
    """Take one gradient, at the text; there is no baseline.

    Raises:
        InvalidQuestion: the model has no gradients.
    """
    return attribute_locally(target, embedding_of(access), _absolute)


def _absolute(_: torch.Tensor, gradient: torch.Tensor) -> torch.Tensor:
    return gradient.abs()
