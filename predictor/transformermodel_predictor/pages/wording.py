"""How pages call things."""

import json
from typing import Any

from transformermodel_predictor.explanations.explanation import Explanation, Method

METHODS = {
    Method.IntegratedGradients: "Integrated gradients",
    Method.InputXGradient: "Input \N{MULTIPLICATION SIGN} gradient",
    Method.Saliency: "Saliency",
    Method.FeatureAblation: "Feature ablation",
    Method.ShapleySampling: "Shapley sampling",
    Method.KernelShap: "KernelSHAP",
    Method.Lime: "LIME",
}
"""The methods as their authors write them."""

_LEAST_SHARE = 0.0005
_LEAST_DELTA = 0.001


def share(probability: float) -> str:
    """A probability in per cent with one digit."""
    return "below 0.1 %" if 0 < probability < _LEAST_SHARE else f"{100 * probability:.1f} %"


def label(name: str) -> str:
    """A member's name as a person reads it."""
    return name.replace("_", " ").capitalize()


def value(content: Any) -> str:  # noqa: ANN401 - any JSON value
    """An answer's member: a text as it is, a number with four digits, objects in a line each, anything else as JSON."""
    if isinstance(content, str):
        return content
    if isinstance(content, list) and content and all(isinstance(item, dict) for item in content):
        return "\n".join(", ".join(f"{name} {value(member)}" for name, member in item.items()) for item in content)
    if isinstance(content, float):
        return f"{content:.4g}"
    return json.dumps(content, ensure_ascii=False)


def delta(explanation: Explanation) -> str:
    """By how much the values miss their sum, or that nothing was promised."""
    if explanation.delta is None:
        return "not promised by this method"
    if 0 < abs(explanation.delta) < _LEAST_DELTA:
        return f"below {_LEAST_DELTA}"
    return f"{explanation.delta:.2g}"
