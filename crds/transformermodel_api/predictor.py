"""spec.predictor: how the artifact is served."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from transformermodel_api.affinity import Affinity
from transformermodel_api.environment import EnvironmentVariable
from transformermodel_api.explanations import Explanations
from transformermodel_api.pods import NodeSelector, PodMetadata, Resources, Toleration
from transformermodel_api.rules import ResourceType, Rule
from transformermodel_api.selectors import ATOMIC
from transformermodel_api.source import SecretReference
from transformermodel_api.volumes import Volume, VolumeMount


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
            description="Most tokens in one step; for models that generate, positions of the cache. The engine's own "
            "default when absent.",
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
            description="How long a text waits for others while the engine is idle; 0 is best in nearly all cases.",
        ),
    ] = 0


class HandlerWorkers(ResourceType):
    """The processes of a replica in which a handler runs; as the archive's model-config.yaml says where absent."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("!has(self.min) || !has(self.max) || self.max >= self.min", "max must not be less than min", ".max"),
    )

    min: Annotated[int | None, Field(ge=1, le=1024, description="Number of processes at start.")] = None
    max: Annotated[
        int | None, Field(ge=1, le=1024, description="Most processes that the management API may scale them to.")
    ] = None
    response_timeout_seconds: Annotated[
        int | None,
        Field(ge=1, le=86_400, description="How long a process may take for an answer before it is replaced."),
    ] = None
    startup_timeout_seconds: Annotated[
        int | None, Field(ge=1, le=86_400, description="How long a process may take to load its model.")
    ] = None


class ScaleMetric(StrEnum):
    """What an autoscaler looks at."""

    CPU = "CPU"
    Memory = "Memory"


class Predictor(ResourceType):
    """How the artifact is served."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(self.maxReplicas) || self.minReplicas > 0",
            "minReplicas must be at least 1 where maxReplicas is set: an autoscaler cannot start from no replica; "
            "remove maxReplicas to switch the model off by hand",
            field=".minReplicas",
        ),
        Rule(
            "!has(self.maxReplicas) || self.maxReplicas >= self.minReplicas",
            "maxReplicas must not be less than minReplicas",
            field=".maxReplicas",
        ),
        Rule(
            "has(self.maxReplicas) || !has(self.scaleMetric)",
            "scaleMetric needs maxReplicas: without it the number of replicas stays what minReplicas says",
            field=".scaleMetric",
        ),
        Rule(
            "has(self.maxReplicas) || !has(self.scaleTarget)",
            "scaleTarget needs maxReplicas: without it the number of replicas stays what minReplicas says",
            field=".scaleTarget",
        ),
        Rule(
            "!has(self.volumeMounts) || self.volumeMounts.all(mount, "
            "has(self.volumes) && self.volumes.exists(volume, volume.name == mount.name))",
            "each of volumeMounts must name one of volumes",
            field=".volumeMounts",
        ),
    )

    min_replicas: Annotated[
        int,
        Field(
            ge=0,
            le=1000,
            description="Number of predictor replicas, or the least where maxReplicas is set; what kubectl scale "
            "changes. 0 switches the model off.",
        ),
    ] = 1
    max_replicas: Annotated[
        int | None,
        Field(ge=1, le=1000, description="Upper bound of an autoscaler; there is no autoscaler when absent."),
    ] = None
    scale_metric: Annotated[
        ScaleMetric | None,
        Field(description="What the autoscaler measures, relative to the request: CPU (when absent) or Memory."),
    ] = None
    scale_target: Annotated[
        int | None,
        Field(
            ge=1,
            le=100,
            description="Average use that the autoscaler aims at, in percent of the request; 80 when absent.",
        ),
    ] = None
    longest_request_seconds: Annotated[
        int,
        Field(ge=1, le=3600, description="How long a replica that shuts down may take to finish its requests."),
    ] = 30
    device: Annotated[
        Device,
        Field(
            description="Kind of device: Auto (the first of CUDA, XPU, MPS, XLA and CPU that exists) or one of them."
        ),
    ] = Device.Auto
    batching: Annotated[Batching, Field(description="How requests are grouped into steps of the engine.")] = Batching()
    workers: Annotated[
        HandlerWorkers | None,
        Field(description="The processes in which an archive's handler runs. Only for the task Custom."),
    ] = None
    explanations: Annotated[
        Explanations, Field(description="Whether and how answers are explained, unless a request says otherwise.")
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
    image: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=512,
            description="Image of the replicas and of the preparation, such as one with CUDA; the chart's when absent.",
        ),
    ] = None
    affinity: Annotated[Affinity | None, Field(description="Where replicas should run.")] = None
    service_account_name: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=253,
            description="ServiceAccount of the replicas, such as one that a cloud lets into its storage; the "
            "namespace's default when absent.",
        ),
    ] = None
    runtime_class_name: Annotated[
        str | None, Field(min_length=1, max_length=253, description="RuntimeClass of the replicas, such as nvidia.")
    ] = None
    priority_class_name: Annotated[
        str | None, Field(min_length=1, max_length=253, description="PriorityClass of the replicas.")
    ] = None
    image_pull_secrets: Annotated[
        tuple[SecretReference, ...] | None,
        Field(
            max_length=16,
            description="Secrets for pulling the image, besides those of the serving runtime.",
            json_schema_extra=ATOMIC,
        ),
    ] = None
    env: Annotated[
        tuple[EnvironmentVariable, ...] | None,
        Field(max_length=64, description="Further environment variables of the server.", json_schema_extra=ATOMIC),
    ] = None
    volumes: Annotated[
        tuple[Volume, ...] | None,
        Field(max_length=16, description="Further volumes of the replicas.", json_schema_extra=ATOMIC),
    ] = None
    volume_mounts: Annotated[
        tuple[VolumeMount, ...] | None,
        Field(max_length=16, description="Where the volumes are in the server's container.", json_schema_extra=ATOMIC),
    ] = None
    labels: Annotated[PodMetadata | None, Field(description="Further labels of the replicas.")] = None
    annotations: Annotated[PodMetadata | None, Field(description="Further annotations of the replicas.")] = None
