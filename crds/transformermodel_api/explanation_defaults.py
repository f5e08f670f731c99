"""Defaults of explanations by task, and the settings that differ from them. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from transformermodel_api.explanations import ExplanationMethod, Explanations
from transformermodel_api.spec import TaskName


def default_method(task: TaskName) -> ExplanationMethod:
    """The method for a task if neither the request nor the resource names one.

    For generated text, integrated gradients from an empty baseline rank words no better than chance. Feature ablation
    ranks them better, at a thirtieth of the cost (docs/measurements/generation_faithfulness.md).
    """
    generates = task is TaskName.TextGeneration
    return ExplanationMethod.FeatureAblation if generates else ExplanationMethod.IntegratedGradients


def settings_of(explanations: Explanations, task: TaskName) -> list[str]:
    """Settings that differ from the defaults, for `transformermodel serve --explanations`, such as `limits.steps=500`.

    The task's default method is left out even if it is set: resources stored when IntegratedGradients was the default
    of all tasks contain it, and their pods must not restart because of it.
    """
    own = {"method"} if explanations.method is default_method(task) else None
    given = explanations.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude=own)
    return [f"{path}={str(value).lower() if isinstance(value, bool) else value}" for path, value in _leaves(given)]


def _leaves(document: Mapping[str, Any], parents: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in document.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{parents}{name}.")
        else:
            yield f"{parents}{name}", value
