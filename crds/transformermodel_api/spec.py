"""spec: the desired state of a model."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from transformermodel_api.custom import CUSTOM_RULES
from transformermodel_api.explanations import EXPLANATION_RULES
from transformermodel_api.golden import GoldenTest
from transformermodel_api.predictor import Predictor
from transformermodel_api.preparation import Preparation
from transformermodel_api.rollout import Rollout
from transformermodel_api.rules import ResourceType, Rule
from transformermodel_api.source import Source
from transformermodel_api.storage import Storage


class TaskName(StrEnum):
    """What a model does with text."""

    SequenceClassification = "SequenceClassification"
    TokenClassification = "TokenClassification"
    QuestionAnswering = "QuestionAnswering"
    TextGeneration = "TextGeneration"
    Custom = "Custom"
    """Inference by the handler of a TorchServe archive."""


class DeletionPolicy(StrEnum):
    """What becomes of artifacts when their model is deleted."""

    Retain = "Retain"
    Delete = "Delete"


class TransformerModelSpec(ResourceType):
    """The wanted state of a model."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(self.preparation) || !has(self.preparation.generation) || self.task == 'TextGeneration'",
            "generation is only for the task TextGeneration; remove it",
            field=".preparation.generation",
        ),
        *EXPLANATION_RULES,
        *CUSTOM_RULES,
    )

    task: Annotated[
        TaskName,
        Field(
            description="What the model does: SequenceClassification (one or two texts to labels), TokenClassification "
            "(entities in a text), QuestionAnswering (the part of a context that answers a question), TextGeneration "
            "(a text continued), or Custom (what the handler of a TorchServe archive makes of a request)."
        ),
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
    rollout: Annotated[Rollout, Field(description="How a change reaches the replicas, and how it is taken back.")] = (
        Rollout()
    )
    deletion_policy: Annotated[
        DeletionPolicy,
        Field(
            description="What becomes of the prepared artifacts when the model is deleted: Retain (they stay where "
            "they are stored) or Delete (a Job removes those that no other model uses). Not used on one machine."
        ),
    ] = DeletionPolicy.Retain
    suspend: Annotated[
        bool,
        Field(description="While true, nothing of this model is created, changed or repaired; what runs goes on."),
    ] = False
