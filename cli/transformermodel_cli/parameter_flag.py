"""`--parameter KEY=VALUE`: the parameters of a request on the command line."""

import json
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from transformermodel_api.errors import UserError

FLAG = "--parameter"

ParameterFlag = Annotated[
    list[str] | None,
    typer.Option(
        FLAG,
        metavar="KEY=VALUE",
        help="A parameter as requests have it, the task's or the explanation's, such as max_new_tokens=1, samples=100 "
        "or baseline=mask. May be repeated.",
        show_default=False,
    ),
]


def read_parameters(given: Sequence[str]) -> dict[str, Any]:
    """The parameters by their names: values are JSON, and texts where they are none.

    Raises:
        UserError: one is not of the form KEY=VALUE.
    """
    parameters: dict[str, Any] = {}
    for setting in given:
        name, separator, text = setting.partition("=")
        if not separator or not name:
            raise UserError(f"{FLAG} {setting}: write KEY=VALUE, such as max_new_tokens=1")
        parameters[name] = _value(text)
    return parameters


def _value(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
