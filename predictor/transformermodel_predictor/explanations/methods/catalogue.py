"""The function that implements each attribution method."""

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
from transformermodel_predictor.explanations.model_access import ModelAccess
from transformermodel_predictor.explanations.rows import AttributionGenerator
from transformermodel_predictor.explanations.target import Target

Attribute = Callable[[Target, Options, ModelAccess], AttributionGenerator]
"""Starts a method. Raises InvalidQuestion, before the first row, where it does not support the options."""

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
"""Each method is a module with a function `attribute`."""
