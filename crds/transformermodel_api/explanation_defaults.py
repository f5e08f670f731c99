"""What holds for explanations of a task where nobody says it, and what somebody has said."""

from collections.abc import Iterator, Mapping
from typing import Any

from transformermodel_api.explanations import ExplanationMethod, Explanations
from transformermodel_api.spec import TaskName


def default_method(task: TaskName) -> ExplanationMethod:
    """The method for a task where neither a request nor the resource names one.

    On the way from nothing to a prompt, integrated gradients of a language model order the words no better than chance;
    leaving out one word after the other orders them better, at a thirtieth of the price
    (docs/measurements/generation_faithfulness.md).
    """
    generates = task is TaskName.TextGeneration
    return ExplanationMethod.FeatureAblation if generates else ExplanationMethod.IntegratedGradients


def settings_of(explanations: Explanations, task: TaskName) -> list[str]:
    """What differs from the defaults, as `transformermodel serve --explanations` takes it: `limits.steps=500`.

    A method that the task has anyway is left out: resources that were stored when IntegratedGradients was the default
    of all tasks name it, and their pods are to stay.
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
