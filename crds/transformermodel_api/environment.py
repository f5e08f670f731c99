"""spec.predictor.env: environment variables of the predictor's container, with the fields of Kubernetes' own types."""

from typing import Annotated, ClassVar

from pydantic import Field

from transformermodel_api.rules import ResourceType, Rule


class KeyReference(ResourceType):
    """A key of a Secret or ConfigMap in the model's own namespace."""

    name: Annotated[str, Field(min_length=1, max_length=253, description="Name of the object.")]
    key: Annotated[str, Field(min_length=1, max_length=253, description="The key in it.")]
    optional: Annotated[bool | None, Field(description="Whether it may be missing; it must be there when absent.")] = (
        None
    )


class FieldReference(ResourceType):
    """A field of the pod."""

    field_path: Annotated[str, Field(min_length=1, max_length=253, description="Such as status.podIP.")]


class ValueSource(ResourceType):
    """Where a variable's value comes from. The kubelet reads it; the operator never does."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "[has(self.secretKeyRef), has(self.configMapKeyRef), has(self.fieldRef)].filter(given, given).size() == 1",
            "give one of secretKeyRef, configMapKeyRef and fieldRef",
        ),
    )

    secret_key_ref: Annotated[KeyReference | None, Field(description="A key of a Secret.")] = None
    config_map_key_ref: Annotated[KeyReference | None, Field(description="A key of a ConfigMap.")] = None
    field_ref: Annotated[FieldReference | None, Field(description="A field of the pod.")] = None


class EnvironmentVariable(ResourceType):
    """An environment variable of the predictor's container."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("!(has(self.value) && has(self.valueFrom))", "give value or valueFrom, not both"),
    )

    name: Annotated[
        str,
        Field(min_length=1, max_length=253, description="Name of the variable."),
        Rule("self.matches('^[A-Za-z_][A-Za-z0-9_]*$')", "must be letters, digits and '_', and not start with a digit"),
        Rule(
            "!(self in ['PYTHONPATH', 'HOME', 'TMPDIR'])",
            "PYTHONPATH, HOME and TMPDIR are the serving runtime's; choose another name",
        ),
    ]
    value: Annotated[str | None, Field(max_length=32_768, description="Its value, in the open.")] = None
    value_from: Annotated[ValueSource | None, Field(description="Where its value comes from, such as a Secret.")] = None
