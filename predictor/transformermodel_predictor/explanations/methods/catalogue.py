"""Which function does which method."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from transformermodel_predictor.explanations.explanation import Method, Options
from transformermodel_predictor.explanations.methods import (
    feature_ablation,
    input_x_gradient,
    integrated_gradients,
    kernel_shap,
    lime,
    saliency,
    shapley_sampling,
)
from transformermodel_predictor.explanations.rows import Steps
from transformermodel_predictor.explanations.target import Target
from transformermodel_predictor.explanations.tools import Tools

Attribute = Callable[[Target, Options, Tools], Steps]
"""Begins a method. Raises InvalidQuestion, before the first row, where it cannot do what the options ask."""

METHODS: Mapping[Method, Attribute] = MappingProxyType(
    {
        Method.IntegratedGradients: integrated_gradients.attribute,
        Method.InputXGradient: input_x_gradient.attribute,
        Method.Saliency: saliency.attribute,
        Method.FeatureAblation: feature_ablation.attribute,
        Method.ShapleySampling: shapley_sampling.attribute,
        Method.KernelShap: kernel_shap.attribute,
        Method.Lime: lime.attribute,
    }
)
"""Each module of a method has a function `attribute`."""
