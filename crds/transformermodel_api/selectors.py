"""Label selectors, with the fields of Kubernetes' own types."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from transformermodel_api.rules import ResourceType

ATOMIC = {"x-kubernetes-list-type": "atomic"}
"""Schema of a list that server-side apply replaces as a whole."""


class LabelOperator(StrEnum):
    """How an object's label is compared with values."""

    In = "In"
    NotIn = "NotIn"
    Exists = "Exists"
    DoesNotExist = "DoesNotExist"


class LabelRequirement(ResourceType):
    """What an object's label has to be."""

    key: Annotated[str, Field(min_length=1, max_length=317, description="Name of the label.")]
    operator: Annotated[LabelOperator, Field(description="In, NotIn, Exists or DoesNotExist.")]
    values: Annotated[
        tuple[str, ...] | None,
        Field(max_length=64, description="Values for In and NotIn.", json_schema_extra=ATOMIC),
    ] = None


class LabelSelector(ResourceType):
    """Objects by their labels; all of it has to hold."""

    match_labels: Annotated[
        dict[str, str] | None, Field(max_length=64, description="Labels and the values that they must have.")
    ] = None
    match_expressions: Annotated[
        tuple[LabelRequirement, ...] | None,
        Field(max_length=64, description="What else labels have to be.", json_schema_extra=ATOMIC),
    ] = None
