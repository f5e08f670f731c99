"""What the types of the resource have in common: field names, strictness and CEL rules."""

from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

VALIDATIONS = "x-kubernetes-validations"


@dataclass(frozen=True)
class Rule:
    """A CEL rule (x-kubernetes-validations), the same in the API server and off-cluster.

    A rule about one value stands in that field's annotation; a rule about several fields in `ResourceType.rules`.

    Attributes:
        expression: CEL over `self`, true for valid values.
        message: what the user can do, shown when it is false.
        field: for a rule about several fields, the one that the message speaks of, as a path on the wire (`.revision`).
    """

    expression: str
    message: str
    field: str | None = None

    def document(self) -> dict[str, str]:
        """The rule as it stands in a schema."""
        rule = {"rule": self.expression, "message": self.message}
        return rule if self.field is None else {**rule, "fieldPath": self.field}

    def __get_pydantic_json_schema__(self, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Let the rule of an annotated field appear in the field's schema."""
        schema = handler(core_schema)
        return {**schema, VALIDATIONS: [*schema.get(VALIDATIONS, ()), self.document()]}


class ResourceType(BaseModel):
    """An object in the resource: camelCase on the wire, unknown fields refused, unchangeable once read."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True)

    rules: ClassVar[tuple[Rule, ...]] = ()

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Let the rules of the class appear in its schema."""
        reference = handler(core_schema)
        schema: dict[str, Any] = handler.resolve_ref_schema(reference)
        if cls.rules:
            schema[VALIDATIONS] = [rule.document() for rule in cls.rules]
        return reference
