"""status: the observed state of a model."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from transformermodel_api.rules import ResourceType


class ConditionType(StrEnum):
    """The conditions of a model. Reconciling and Stalled are present only while true (kstatus)."""

    Ready = "Ready"
    SourceResolved = "SourceResolved"
    Prepared = "Prepared"
    PredictorReady = "PredictorReady"
    Reconciling = "Reconciling"
    Stalled = "Stalled"


class ConditionStatus(StrEnum):
    """Whether a condition holds."""

    true = "True"
    false = "False"
    unknown = "Unknown"


class Condition(ResourceType):
    """One observation about the model (metav1.Condition)."""

    type: Annotated[
        ConditionType,
        Field(
            description="What is observed: Ready, SourceResolved, Prepared, PredictorReady, and while they are true "
            "Reconciling and Stalled."
        ),
    ]
    status: Annotated[ConditionStatus, Field(description="True, False, or Unknown.")]
    reason: Annotated[
        str, Field(min_length=1, max_length=128, description="CamelCase word for the cause, which scripts may rely on.")
    ]
    message: Annotated[str, Field(max_length=4096, description="A sentence for people.")]
    observed_generation: Annotated[
        int | None, Field(ge=0, description="The generation of the spec that the condition is about.")
    ] = None
    last_transition_time: Annotated[datetime, Field(description="When status last changed.")]


class Artifact(ResourceType):
    """The prepared artifact that is served or about to be."""

    uri: Annotated[str, Field(description="Where it is kept.")]
    digest: Annotated[str, Field(description="SHA-256 over its content.")]
    size_bytes: Annotated[int, Field(ge=0, description="Size of its content in bytes.")]
    format: Annotated[str, Field(description="Form of the weights.")]
    engine: Annotated[str, Field(description="What runs the forward pass.")]
    precision: Annotated[str, Field(description="Arithmetic of the forward pass.")]
    parity: Annotated[
        str | None,
        Field(description='Largest difference of a probability from the float32 reference, such as "0.0042".'),
    ] = None
    agreement: Annotated[
        str | None, Field(description='How many samples it answers as the reference does, such as "12/12".')
    ] = None
    speedup: Annotated[
        str | None,
        Field(
            description="Its speed as a multiple of the reference's: the geometric mean of throughput at the batch "
            "limit and of speed with one text. Absent where the reference was not measured."
        ),
    ] = None


class PreparationStatus(ResourceType):
    """The preparation that status speaks of."""

    job: Annotated[
        str,
        Field(description="Name of the Job, with a hash of what it was asked to prepare."),
    ]
    step: Annotated[str | None, Field(description="The current step, as last reported.")] = None
    percent: Annotated[
        int | None, Field(ge=0, le=100, description="Progress, in percent of a typical preparation.")
    ] = None
    bytes_done: Annotated[int | None, Field(ge=0, description="Bytes that the step has transferred.")] = None
    bytes_total: Annotated[int | None, Field(ge=0, description="Bytes that the step has to transfer.")] = None
    bytes_free: Annotated[
        int | None, Field(ge=0, description="Free bytes in the Job's workspace when it began to fetch.")
    ] = None
    remaining_seconds: Annotated[
        int | None, Field(ge=0, description="Estimated seconds until the remaining bytes are transferred.")
    ] = None
    failures: Annotated[
        int | None, Field(ge=1, description="Number of Jobs for the same input that have failed; absent if none has.")
    ] = None
    failed_at: Annotated[datetime | None, Field(description="When the last of these Jobs failed.")] = None


class SourceStatus(ResourceType):
    """What is known of sources that are checked now and then."""

    sources: Annotated[
        str | None, Field(description="Fingerprint of the checkpoint and adapter that were prepared last.")
    ] = None
    found: Annotated[
        str | None, Field(description="Fingerprint that a check has found, and that is being prepared.")
    ] = None
    checked_at: Annotated[datetime | None, Field(description="When the sources were last checked.")] = None


class TransformerModelStatus(ResourceType):
    """The observed state of a model."""

    observed_generation: Annotated[int | None, Field(ge=0, description="The generation of the spec last seen.")] = None
    conditions: Annotated[
        tuple[Condition, ...],
        Field(
            description="Always Ready, SourceResolved, Prepared, PredictorReady; while true Reconciling, Stalled.",
            json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
        ),
    ] = ()
    commit: Annotated[
        str | None, Field(description="The commit (hub), version (package) or tree hash (folder) that was prepared.")
    ] = None
    short_commit: Annotated[
        str | None, Field(description="The commit for people: of a hash its first digits, as on the hub's pages.")
    ] = None
    source: Annotated[
        SourceStatus | None, Field(description="The last check of the sources, if spec asks for checks.")
    ] = None
    last_handled_requested_at: Annotated[
        str | None,
        Field(
            description="The last value of the annotation transformermodel.dev/requested-at whose preparation has "
            "ended, in success or failure."
        ),
    ] = None
    preparation: Annotated[PreparationStatus | None, Field(description="The preparation last started.")] = None
    artifact: Annotated[Artifact | None, Field(description="The artifact last prepared.")] = None
    current_revision: Annotated[
        str | None, Field(description="The revision that served last on every replica: what a rollback goes back to.")
    ] = None
    update_revision: Annotated[
        str | None, Field(description="The revision that spec asks for; once rolled out, the same as the current one.")
    ] = None
    url: Annotated[str | None, Field(description="Address of the model inside the cluster.")] = None
    replicas: Annotated[int | None, Field(ge=0, description="Number of predictor replicas that are available.")] = None
    selector: Annotated[
        str | None, Field(description="Label selector of the predictor's pods, for the scale subresource.")
    ] = None
