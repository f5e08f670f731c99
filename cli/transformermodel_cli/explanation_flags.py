"""`--explanations KEY=VALUE`: the fields of spec.predictor.explanations on the command line."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from transformermodel_api.errors import UserError
from transformermodel_api.explanations import Explanations
from transformermodel_api.schema import Schema
from transformermodel_api.validation.part import part_problems, part_schema
from transformermodel_cli.setting import Setting

FLAG = "--explanations"
_PATH = "spec", "predictor", "explanations"

ExplanationsFlag = Annotated[
    list[str] | None,
    typer.Option(
        FLAG,
        metavar="KEY=VALUE",
        help="How answers are explained, in place of what manifests say: KEY=VALUE with a field of "
        "spec.predictor.explanations, such as enabled=false, method=Lime or limits.steps=500. May be repeated.",
        show_default=False,
    ),
]


def changed_explanations(explanations: Explanations, given: Sequence[str]) -> Explanations:
    """The manifest's explanations, overridden by the command line.

    Raises:
        UserError: a key is unknown or its value wrong; the messages are the same as for a manifest.
    """
    if not given:
        return explanations
    document = explanations.model_dump(mode="json", by_alias=True, exclude_none=True)
    for written in given:
        setting = Setting.read(FLAG, written, "method=Lime")
        _put(document, setting.key.split("."), setting, part_schema(*_PATH))
    if problems := part_problems(document, *_PATH):
        raise UserError(f"{FLAG}: {'; '.join(problems)}")
    return Explanations.model_validate(document)


def _put(document: dict[str, Any], path: Sequence[str], setting: Setting, schema: Schema) -> None:
    """Set a field; unknown ones are refused later, by the schema's validation."""
    name, *rest = path
    field: Schema = schema.get("properties", {}).get(name, {})
    if rest:
        holder = document.setdefault(name, {})
        if isinstance(holder, dict):
            _put(holder, rest, setting, field)
            return
    document[name] = setting.words if field.get("type") == "string" else setting.value
