"""What the types of the resource have in common: field names, strictness and CEL rules."""

from dataclasses import dataclass
from typing import ClassVar

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


@dataclass(frozen=True)
class Rule:
    """A CEL rule of an object (x-kubernetes-validations), the same in the API server and off-cluster.

    Attributes:
        expression: CEL over `self`, true for valid objects.
        message: what the user can do, shown when it is false.
    """

    expression: str
    message: str


class ResourceType(BaseModel):
    """An object in the resource: camelCase on the wire, unknown fields refused, unchangeable once read."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True)

    rules: ClassVar[tuple[Rule, ...]] = ()
