"""Saliency: the sum of the gradient's absolute values over the width of each token's embedding.

K. Simonyan, A. Vedaldi and A. Zisserman, Deep Inside Convolutional Networks (2013). Absolute, as Captum's is unless
told otherwise: it says how much a token matters, and not in which direction. No completeness is promised.
"""

import torch

from transformermodel_predictor.explanations.explanation import Options
from transformermodel_predictor.explanations.local import attribute_locally
from transformermodel_predictor.explanations.path import embedding_of
from transformermodel_predictor.explanations.rows import Steps
from transformermodel_predictor.explanations.target import Target
from transformermodel_predictor.explanations.tools import Tools


def attribute(target: Target, _: Options, tools: Tools) -> Steps:
    """Ask for one gradient, at the text; there is no baseline.

    Raises:
        InvalidQuestion: the model has no gradients.
    """
    return attribute_locally(target, embedding_of(tools), _absolute)


def _absolute(_: torch.Tensor, gradient: torch.Tensor) -> torch.Tensor:
    return gradient.abs()
