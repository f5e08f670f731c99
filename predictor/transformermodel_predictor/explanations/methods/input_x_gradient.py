"""Input times gradient: each token's embedding times the gradient there, summed over the width. Signed.

A. Shrikumar, P. Greenside, A. Shcherbina and A. Kundaje, Not Just a Black Box (2016). No completeness is promised.
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
    return attribute_locally(target, embedding_of(tools), torch.mul)
