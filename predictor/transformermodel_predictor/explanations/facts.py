"""The explanations section of a model's metadata. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from transformermodel_predictor.explanations.explanation import Baseline, Method
from transformermodel_predictor.explanations.request import explanation_parameters
from transformermodel_predictor.explanations.settings import ExplanationSettings
from transformermodel_predictor.tasks.parameters import Parameter


def explanation_facts(
    settings: ExplanationSettings, methods: Mapping[Method, Sequence[Baseline]]
) -> Mapping[str, Any] | None:
    """Available methods with their baselines, and the request's parameters; None where explanations are disabled.

    Args:
        settings: the model's.
        methods: those available for the model.
    """
    if not settings.enabled:
        return None
    parameters = explanation_parameters(settings.defaults, settings.limits)
    return {
        "methods": {method.value: [baseline.value for baseline in baselines] for method, baselines in methods.items()},
        "parameters": {parameter.name: _described(parameter) for parameter in parameters},
        "most_targets": settings.targets,
    }


def _described(parameter: Parameter) -> dict[str, Any]:
    return {
        "values": parameter.kind.description,
        "default": parameter.default,
        "description": parameter.description,
    }
