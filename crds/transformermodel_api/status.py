"""status: what was observed of a model."""

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
        str, Field(min_length=1, max_length=128, description="CamelCase word for the cause; part of the interface.")
    ]
    message: Annotated[str, Field(max_length=4096, description="A sentence for people.")]
    observed_generation: Annotated[
        int | None, Field(ge=0, description="The generation of the spec that this was observed of.")
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
        Field(description="Name of the Job; it contains a hash of what was asked for, so it tells old from new."),
    ]
    step: Annotated[str | None, Field(description="The step that it is at, or was at when it last told.")] = None
    percent: Annotated[
        int | None, Field(ge=0, le=100, description="How much of a usual preparation is done, in percent.")
    ] = None
    bytes_done: Annotated[int | None, Field(ge=0, description="Bytes that the step has brought.")] = None
    bytes_total: Annotated[int | None, Field(ge=0, description="Bytes that the step is to bring.")] = None
    bytes_free: Annotated[
        int | None, Field(ge=0, description="Room there was where the Job works when it began to fetch.")
    ] = None
    remaining_seconds: Annotated[
        int | None, Field(ge=0, description="When the rest of the bytes will be there, at the speed until now.")
    ] = None
    failures: Annotated[
        int | None, Field(ge=1, description="How many Jobs for this very input have failed; absent while none has.")
    ] = None
    failed_at: Annotated[datetime | None, Field(description="When the last of these Jobs failed.")] = None


class SourceStatus(ResourceType):
    """What is known of sources that are checked now and then."""

    sources: Annotated[
        str | None, Field(description="Fingerprint of the state of checkpoint and adapter that was prepared last.")
    ] = None
    found: Annotated[
        str | None, Field(description="Fingerprint that a check has found and for which a preparation was begun.")
    ] = None
    checked_at: Annotated[datetime | None, Field(description="When they were last looked at.")] = None


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
        SourceStatus | None, Field(description="The last check of the sources, where spec wants them checked.")
    ] = None
    last_handled_requested_at: Annotated[
        str | None,
        Field(
            description="The last value of the annotation transformermodel.dev/requested-at whose preparation has come "
            "to its end, whatever that was."
        ),
    ] = None
    preparation: Annotated[PreparationStatus | None, Field(description="The preparation last started.")] = None
    artifact: Annotated[Artifact | None, Field(description="The artifact last prepared.")] = None
    current_revision: Annotated[
        str | None, Field(description="The revision that served last on every replica: what a rollback goes back to.")
    ] = None
    update_revision: Annotated[
        str | None, Field(description="The revision that spec comes to; the current one once it is rolled out.")
    ] = None
    url: Annotated[str | None, Field(description="Address of the model inside the cluster.")] = None
    replicas: Annotated[int | None, Field(ge=0, description="Number of predictor replicas that are available.")] = None
    selector: Annotated[
        str | None, Field(description="Label selector of the predictor's pods, for the scale subresource.")
    ] = None
