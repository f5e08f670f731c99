"""Writes explanations in our own form, and in that of TorchServe's generalized handler. Pure.

All numbers are finite. Offsets are Unicode code points of the named field, the end exclusive.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from transformermodel_api.spec import TaskName
from transformermodel_predictor.explanations.explanation import Explained, Explanation, Part


def write_explained(explained: Explained) -> dict[str, Any]:
    """Write one row: the answer with a prediction's fields, its explanations, and the number of truncated tokens.

    `delta`, and `converged`, whether it is within the tolerance, are null for methods that guarantee no delta.
    """
    return {
        "answer": dict(explained.answer),
        "explanations": [_written(explanation) for explanation in explained.explanations],
        "truncated_tokens": explained.truncated,
    }


def write_v1_explained(task: TaskName, explained: Explained) -> dict[str, Any]:
    """Write one row of V1: our own form, plus the ancestor's members if they form a single object.

    Clients of KServe's TorchServe runtime thus find `words` and `importances` where they were.
    """
    ancestors = write_ancestor_explained(task, explained)
    return {**write_explained(explained), **(ancestors if isinstance(ancestors, dict) else {})}


def write_ancestor_explained(task: TaskName, explained: Explained) -> dict[str, Any] | list[dict[str, Any]]:
    """Write one row in the ancestor's form: tokens as `words` with their `importances`, and the `delta`.

    Special tokens are left out. Question answering has two of each, for start and end. Beyond the ancestor, several
    targets give a list, each with its `target`, and several methods a list, each with its `method`. `delta` is null
    for methods that guarantee none.
    """
    explanations = explained.explanations
    if len({explanation.method for explanation in explanations}) > 1:
        return [{"method": one.method.value, "target": one.target, **_words(one)} for one in explanations]
    if task is TaskName.QuestionAnswering:
        return _start_and_end(explanations)
    if len(explanations) > 1:
        return [{"target": explanation.target, **_words(explanation)} for explanation in explanations]
    return _words(explanations[0]) if explanations else {"words": [], "importances": [], "delta": None}


def _written(explanation: Explanation) -> dict[str, Any]:
    return {
        "method": explanation.method.value,
        "target": explanation.target,
        "score": explanation.score,
        "tokens": [_part(part) for part in explanation.tokens],
        "words": [_part(part) for part in explanation.words],
        "delta": explanation.delta,
        "converged": None if explanation.delta is None else explanation.converged,
        "steps": explanation.steps,
        "details": dict(explanation.details),
    }


def _part(part: Part) -> dict[str, Any]:
    return {
        "text": part.text,
        "field": part.field,
        "start": part.start,
        "end": part.end,
        "importance": part.importance,
    }


def _words(explanation: Explanation) -> dict[str, Any]:
    return {
        "words": [part.text for part in explanation.tokens],
        "importances": [part.importance for part in explanation.tokens],
        "delta": explanation.delta,
    }


def _start_and_end(explanations: Sequence[Explanation]) -> dict[str, Any]:
    """Start and end are explained in the same window, so their words are the same."""
    by_target: Mapping[str, Explanation] = {explanation.target: explanation for explanation in explanations}
    start, end = by_target.get("start"), by_target.get("end")
    return {
        "words": [part.text for part in start.tokens] if start else [],
        "importances_answer_start": [part.importance for part in start.tokens] if start else [],
        "importances_answer_end": [part.importance for part in end.tokens] if end else [],
        "delta_start": start.delta if start else None,
        "delta_end": end.delta if end else None,
    }
