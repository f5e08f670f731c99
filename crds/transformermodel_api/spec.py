"""spec: what the user wants of a model."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from transformermodel_api.pods import NodeSelector, Resources, Toleration
from transformermodel_api.rules import ResourceType, Rule
from transformermodel_api.source import SecretReference, Source

Score = Annotated[
    str,
    Field(max_length=32),
    Rule(r"self.matches(r'^(0(\.[0-9]+)?|1(\.0+)?)$')", 'must be a decimal from 0 to 1 in quotes, such as "0.997"'),
]
"""A probability as a decimal string: the API has no floats."""


class TaskName(StrEnum):
    """What a model does with text."""

    SequenceClassification = "SequenceClassification"


class Format(StrEnum):
    """The form in which the weights are stored for serving."""

    Auto = "Auto"
    Pretrained = "Pretrained"


class Precision(StrEnum):
    """The arithmetic of the forward pass."""

    Auto = "Auto"
    Float32 = "Float32"


class Preparation(ResourceType):
    """How the checkpoint becomes the artifact that is served."""

    format: Annotated[
        Format,
        Field(description="Form of the artifact: Auto (the best form that proves equal) or Pretrained (safetensors)."),
    ] = Format.Auto
    precision: Annotated[
        Precision, Field(description="Precision of the forward pass: Auto (the best that proves equal) or Float32.")
    ] = Precision.Auto
    max_length: Annotated[
        int | None,
        Field(ge=4, le=1_000_000, description="Longest input in tokens; the model's own limit when absent."),
    ] = None
    do_lower_case: Annotated[
        bool | None,
        Field(description="Whether the tokenizer lower-cases text; as the checkpoint says when absent."),
    ] = None
    labels: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=256)], ...] | None,
        Field(
            min_length=1,
            max_length=1024,
            description="Names of the classes in the order of the logits; as the checkpoint says when absent.",
            json_schema_extra={"x-kubernetes-list-type": "set"},
        ),
    ] = None
    deadline_seconds: Annotated[
        int, Field(ge=1, le=604_800, description="How long preparation may take before it is ended as failed.")
    ] = 3600
    ttl_seconds_after_finished: Annotated[
        int, Field(ge=0, le=31_536_000, description="How long the finished Job and its log are kept.")
    ] = 86_400
    resources: Annotated[
        Resources | None, Field(description="Compute resources of the Job; the operator's defaults when absent.")
    ] = None
    node_selector: Annotated[
        NodeSelector | None, Field(description="Labels of the nodes on which the Job may run.")
    ] = None
    tolerations: Annotated[
        tuple[Toleration, ...] | None,
        Field(
            max_length=64,
            description="Taints that the Job tolerates.",
            json_schema_extra={"x-kubernetes-list-type": "atomic"},
        ),
    ] = None


class TestInput(ResourceType):
    """What is asked in a golden answer."""

    __test__ = False

    text: Annotated[str, Field(max_length=16_384, description="The text to classify.")]
    text_pair: Annotated[
        str | None, Field(max_length=16_384, description="The second text, for models that compare two.")
    ] = None


class TestExpectation(ResourceType):
    """What a golden answer must be."""

    __test__ = False

    label: Annotated[str, Field(min_length=1, max_length=256, description="The label with the highest score.")]
    score: Annotated[
        Score | None,
        Field(description='Score of that label as a decimal string, such as "0.997"; it may differ by 0.01.'),
    ] = None


class GoldenTest(ResourceType):
    """A question and the answer the model must give before it is served."""

    input: Annotated[TestInput, Field(description="What is asked.")]
    expect: Annotated[TestExpectation, Field(description="What must be answered.")]


class Storage(ResourceType):
    """Where prepared artifacts are kept."""

    uri: Annotated[
        str,
        Field(
            min_length=1,
            max_length=1024,
            description="pvc://claim or pvc://claim/path: a PersistentVolumeClaim in the model's namespace, and a "
            "folder in it.",
        ),
        Rule(
            "self.matches(r'^pvc://[a-z0-9]([-a-z0-9.]*[a-z0-9])?(/[A-Za-z0-9._-]+)*$')",
            "must be pvc://claim or pvc://claim/path",
        ),
    ]


class Predictor(ResourceType):
    """How the artifact is served."""

    min_replicas: Annotated[
        int, Field(ge=1, le=1000, description="Number of predictor replicas; what kubectl scale changes.")
    ] = 1
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


class TransformerModelSpec(ResourceType):
    """The wanted state of a model."""

    task: Annotated[
        TaskName, Field(description="What the model does: SequenceClassification (one or two texts to labels).")
    ]
    source: Annotated[Source, Field(description="Where the checkpoint and its adapter come from.")]
    preparation: Annotated[
        Preparation, Field(description="How the checkpoint becomes the artifact that is served.")
    ] = Preparation()
    tests: Annotated[
        tuple[GoldenTest, ...] | None,
        Field(
            max_length=100,
            description="Golden answers, checked after preparation and before the model is served.",
            json_schema_extra={"x-kubernetes-list-type": "atomic"},
        ),
    ] = None
    storage: Annotated[
        Storage | None,
        Field(description="Where artifacts are kept; the operator's default when absent. Not used on one machine."),
    ] = None
    predictor: Annotated[Predictor, Field(description="How the artifact is served.")] = Predictor()
    suspend: Annotated[
        bool,
        Field(description="While true, nothing of this model is created, changed or repaired; what runs goes on."),
    ] = False


__all__ = [
    "Format",
    "GoldenTest",
    "Precision",
    "Predictor",
    "Preparation",
    "SecretReference",
    "Source",
    "Storage",
    "TaskName",
    "TestExpectation",
    "TestInput",
    "TransformerModelSpec",
]
