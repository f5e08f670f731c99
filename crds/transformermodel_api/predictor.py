"""spec.predictor: how the artifact is served."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from transformermodel_api.explanations import Explanations
from transformermodel_api.pods import NodeSelector, Resources, Toleration
from transformermodel_api.rules import ResourceType


class Device(StrEnum):
    """What kind of processor runs the model."""

    Auto = "Auto"
    CPU = "CPU"
    CUDA = "CUDA"
    XPU = "XPU"
    MPS = "MPS"
    XLA = "XLA"


class Batching(ResourceType):
    """How requests are grouped into steps of the engine."""

    max_tokens: Annotated[
        int | None,
        Field(
            ge=1,
            le=10_000_000,
            description="Most tokens in one step, or positions of the cache of a model that generates; the engine's "
            "own default when absent.",
        ),
    ] = None
    max_batch_size: Annotated[
        int | None, Field(ge=1, le=65_536, description="Most texts in one step; the engine's own default when absent.")
    ] = None
    max_queue_size: Annotated[
        int | None,
        Field(ge=1, le=1_000_000, description="Most texts that may wait; over it requests are answered 503."),
    ] = None
    max_delay_milliseconds: Annotated[
        int,
        Field(
            ge=0,
            le=60_000,
            description="How long a text waits for company while the engine is idle; 0 is best in nearly all cases.",
        ),
    ] = 0


class Predictor(ResourceType):
    """How the artifact is served."""

    min_replicas: Annotated[
        int, Field(ge=1, le=1000, description="Number of predictor replicas; what kubectl scale changes.")
    ] = 1
    device: Annotated[
        Device,
        Field(description="Kind of processor: Auto (the first of CUDA, XPU, MPS, XLA and CPU that is there) or one."),
    ] = Device.Auto
    batching: Annotated[Batching, Field(description="How requests are grouped into steps of the engine.")] = Batching()
    explanations: Annotated[
        Explanations, Field(description="Whether and how answers are explained, where requests do not say it.")
    ] = Explanations()
    resources: Annotated[
        Resources | None, Field(description="Compute resources of a replica; the serving runtime's when absent.")
    ] = None
    node_selector: Annotated[
        NodeSelector | None, Field(description="Labels of the nodes on which replicas may run.")
    ] = None
    tolerations: Annotated[
        tuple[Toleration, ...] | None,
        Field(
            max_length=64,
            description="Taints that the replicas tolerate.",
            json_schema_extra={"x-kubernetes-list-type": "atomic"},
        ),
    ] = None
