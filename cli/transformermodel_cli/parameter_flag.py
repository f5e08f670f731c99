"""`--parameter KEY=VALUE`: the parameters of a request on the command line."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from transformermodel_cli.setting import Setting

FLAG = "--parameter"

ParameterFlag = Annotated[
    list[str] | None,
    typer.Option(
        FLAG,
        metavar="KEY=VALUE",
        help="A parameter as requests have it, the task's or the explanation's, such as max_new_tokens=1, samples=100 "
        "or baseline=mask; values are JSON, or texts. May be repeated.",
        show_default=False,
    ),
]


def read_parameters(given: Sequence[str]) -> dict[str, Any]:
    """The parameters by their names.

    Raises:
        UserError: one is not of the form KEY=VALUE.
    """
    settings = (Setting.read(FLAG, setting, "max_new_tokens=1") for setting in given)
    return {setting.key: setting.value for setting in settings}
