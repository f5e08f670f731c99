"""Input x gradient: each token's embedding times its gradient, summed over the embedding width. Signed.

A. Shrikumar, P. Greenside, A. Shcherbina and A. Kundaje, Not Just a Black Box (2016). No completeness.
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
    return attribute_locally(target, embedding_of(access), torch.mul)
