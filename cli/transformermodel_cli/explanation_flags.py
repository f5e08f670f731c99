"""`--explanations KEY=VALUE`: the fields of spec.predictor.explanations on the command line."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from transformermodel_api.errors import UserError
from transformermodel_api.explanations import Explanations
from transformermodel_api.schema import Schema
from transformermodel_api.validation.part import part_problems, part_schema

FLAG = "--explanations"
_PATH = "spec", "predictor", "explanations"
_FLAGS = {"true": True, "false": False}

ExplanationsFlag = Annotated[
    list[str] | None,
    typer.Option(
        FLAG,
        metavar="KEY=VALUE",
        help="How answers are explained, before what manifests say: a field of spec.predictor.explanations, such as "
        "enabled=false, method=Lime or limits.steps=500. May be repeated.",
        show_default=False,
    ),
]


def changed_explanations(explanations: Explanations, given: Sequence[str]) -> Explanations:
    """With what the command line says in place of the manifest.

    Raises:
        UserError: a key is unknown or its value wrong; the sentences are those that refuse a manifest.
    """
    if not given:
        return explanations
    document = explanations.model_dump(mode="json", by_alias=True, exclude_none=True)
    for setting in given:
        path, separator, text = setting.partition("=")
        if not separator or not path:
            raise UserError(f"{FLAG} {setting}: write KEY=VALUE, such as method=Lime")
        _put(document, path.split("."), text, part_schema(*_PATH))
    if problems := part_problems(document, *_PATH):
        raise UserError(f"{FLAG}: {'; '.join(problems)}")
    return Explanations.model_validate(document)


def _put(document: dict[str, Any], path: Sequence[str], text: str, schema: Schema) -> None:
    """Set a field; one that the schema does not know stays a text and is refused with the rest."""
    name, *rest = path
    field: Schema = schema.get("properties", {}).get(name, {})
    if rest:
        holder = document.setdefault(name, {})
        if isinstance(holder, dict):
            _put(holder, rest, text, field)
            return
    document[name] = _value(text, field.get("type"))


def _value(text: str, kind: str | None) -> object:
    """The text as what its field has; as it stands where it is none."""
    if kind == "integer":
        try:
            return int(text)
        except ValueError:
            return text
    return _FLAGS.get(text, text) if kind == "boolean" else text
