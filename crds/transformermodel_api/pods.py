"""Fields about pods that preparation and predictor share, as in Kubernetes' own types."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from transformermodel_api.rules import ResourceType, Rule

Quantity = Annotated[
    Annotated[int, Field(ge=0, le=2**53 - 1)] | Annotated[str, Field(max_length=32)],
    Rule(
        r"type(self) != string || self.matches(r'^[0-9]+(\.[0-9]+)?([KMGTPE]i|[mkMGTPE])?$')",
        "must be a Kubernetes quantity, such as 500m, 1.5 or 2Gi",
    ),
]
Quantities = Annotated[dict[str, Quantity], Field(max_length=32)]
NodeSelector = dict[str, str]
PodMetadata = Annotated[
    dict[str, str],
    Field(max_length=32),
    Rule(
        "self.all(name, name != 'app' && name != 'component' && !name.startsWith('transformermodel.dev/')"
        " && !name.startsWith('serving.kserve.io/') && !name.startsWith('app.kubernetes.io/'))",
        "app, component and names of transformermodel.dev, serving.kserve.io and app.kubernetes.io are the operator's "
        "and KServe's; choose others",
    ),
]
"""Labels or annotations of pods, except for the names that operator and KServe use themselves."""


class Resources(ResourceType):
    """Compute resources of a container."""

    requests: Annotated[Quantities | None, Field(description="What the scheduler sets aside for the container.")] = None
    limits: Annotated[Quantities | None, Field(description="What the container may use at most.")] = None


class TolerationOperator(StrEnum):
    """How a toleration's value is compared with a taint's."""

    Exists = "Exists"
    Equal = "Equal"


class TaintEffect(StrEnum):
    """What a taint does to pods that do not tolerate it."""

    NoSchedule = "NoSchedule"
    PreferNoSchedule = "PreferNoSchedule"
    NoExecute = "NoExecute"


class Toleration(ResourceType):
    """A taint that the pods tolerate."""

    key: Annotated[str | None, Field(description="Key of the taint; all keys when absent.")] = None
    operator: Annotated[
        TolerationOperator | None, Field(description="How value is compared: Equal when absent, or Exists.")
    ] = None
    value: Annotated[str | None, Field(description="Value of the taint, for the operator Equal.")] = None
    effect: Annotated[TaintEffect | None, Field(description="Effect of the taint; all effects when absent.")] = None
    toleration_seconds: Annotated[
        int | None,
        Field(ge=0, le=2**31 - 1, description="How long a NoExecute taint is tolerated; for ever when absent."),
    ] = None
