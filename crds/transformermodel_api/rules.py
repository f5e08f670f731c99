"""The base of the resource's types: field names in camelCase, strictness and CEL rules."""

from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

VALIDATIONS = "x-kubernetes-validations"


@dataclass(frozen=True)
class Rule:
    """A CEL rule (x-kubernetes-validations), evaluated by the API server and off-cluster.

    A rule about one value is part of that field's annotation; a rule about several fields is in `ResourceType.rules`.

    Attributes:
        expression: CEL over `self`, true for valid values.
        message: what the user can do, shown if the expression is false.
        field: JSON path of the field that the message is about (`.revision`); None for the value itself.
    """

    expression: str
    message: str
    field: str | None = None

    def document(self) -> dict[str, str]:
        """The rule as JSON values, for the schema."""
        rule = {"rule": self.expression, "message": self.message}
        return rule if self.field is None else {**rule, "fieldPath": self.field}

    def __get_pydantic_json_schema__(self, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Add the rule to the schema of the field that it annotates (a hook of pydantic)."""
        schema = handler(core_schema)
        return {**schema, VALIDATIONS: [*schema.get(VALIDATIONS, ()), self.document()]}


class ResourceType(BaseModel):
    """An object in the resource: camelCase on the wire, unknown fields refused, unchangeable once read."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True)

    rules: ClassVar[tuple[Rule, ...]] = ()

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Add the rules of the class to its schema (a hook of pydantic)."""
        reference = handler(core_schema)
        schema: dict[str, Any] = handler.resolve_ref_schema(reference)
        if cls.rules:
            schema[VALIDATIONS] = [rule.document() for rule in cls.rules]
        return reference
