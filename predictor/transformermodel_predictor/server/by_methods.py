"""One question explained by several methods, to compare what they say."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from transformermodel_predictor.explanations.explanation import Explained
from transformermodel_predictor.handler import Handler
from transformermodel_predictor.tasks.task import InvalidQuestion

METHODS = "methods"
"""The parameter that names them: a list, or a text with commas between them."""


async def explain_by_methods(
    handler: Handler, questions: Sequence[Mapping[str, Any]], parameters: Mapping[str, Any]
) -> list[Explained]:
    """Answers and explanations; where the parameters have `methods`, those of each, in their order.

    Args:
        handler: the model.
        questions: the rows.
        parameters: as `Handler.explain` takes them, and `methods`.

    Raises:
        InvalidQuestion: `methods` cannot be read or stands beside `method`, the methods found different targets, or
            what `Handler.explain` refuses: of all methods before the first of them runs, as far as it can be known.
        NotExplained, Overloaded: as `Handler.explain`.
    """
    if METHODS not in parameters:
        return await handler.explain(questions, parameters)
    shared = {name: value for name, value in parameters.items() if name != METHODS}
    if "method" in shared:
        raise InvalidQuestion(f"only one of method and {METHODS} may be there")
    named = [{**shared, "method": method} for method in _methods(parameters[METHODS])]
    for given in named:
        await handler.require_explainable(questions, given)
    by_method = [await handler.explain(questions, given) for given in named]  # each has all rows together
    return [_together(row) for row in zip(*by_method, strict=True)]


def _methods(value: object) -> list[str]:
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise InvalidQuestion(f"{METHODS} must be names of methods: a list, or a text with commas between them")
    return list(dict.fromkeys(name.strip() for name in names))


def _together(row: Sequence[Explained]) -> Explained:
    targets = {tuple(explanation.target for explanation in explained.explanations) for explained in row}
    if len(targets) > 1:
        raise InvalidQuestion(
            f"the model answered differently each time, so that {METHODS} cannot be compared: give a seed, or ask it "
            "not to sample"
        )
    return replace(row[0], explanations=tuple(one for explained in row for one in explained.explanations))
