"""spec.tests: golden tests, which a model must pass before it is served."""

from typing import Annotated, ClassVar

from pydantic import Field

from transformermodel_api.decimals import Score
from transformermodel_api.rules import ResourceType, Rule

_Text = Annotated[str, Field(max_length=16_384)]


class TestInput(ResourceType):
    """What is asked in a golden answer, by the names of the task's inputs."""

    __test__ = False

    text: Annotated[_Text | None, Field(description="The text to classify, to find entities in, or to continue.")] = (
        None
    )
    text_pair: Annotated[_Text | None, Field(description="The second text, for models that compare two.")] = None
    question: Annotated[_Text | None, Field(description="What is asked about the context.")] = None
    context: Annotated[_Text | None, Field(description="The text that holds the answer to the question.")] = None


class ExpectedEntity(ResourceType):
    """An entity that must be found in the text."""

    entity: Annotated[str, Field(min_length=1, max_length=256, description="Kind of the entity, without B- or I-.")]
    text: Annotated[str, Field(min_length=1, max_length=1024, description="The entity's own words.")]


class TestExpectation(ResourceType):
    """What a golden answer must be."""

    __test__ = False

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "has(self.label) || has(self.entities) || has(self.answer) || has(self.generatedText)",
            "must say what is expected: label, entities, answer or generatedText",
        ),
    )

    label: Annotated[
        str | None, Field(min_length=1, max_length=256, description="The label with the highest score.")
    ] = None
    score: Annotated[
        Score | None,
        Field(
            description='Score of that label or of that answer as a decimal string, such as "0.997"; it may differ '
            "by 0.01."
        ),
    ] = None
    entities: Annotated[
        tuple[ExpectedEntity, ...] | None,
        Field(
            max_length=100,
            description="All entities of the text, in their order.",
            json_schema_extra={"x-kubernetes-list-type": "atomic"},
        ),
    ] = None
    answer: Annotated[
        str | None, Field(max_length=4096, description="The answer to the question, as it stands in the context.")
    ] = None
    generated_text: Annotated[
        str | None, Field(max_length=16_384, description="How the continuation of the text begins.")
    ] = None


class GoldenTest(ResourceType):
    """A question and the answer the model must give before it is served."""

    input: Annotated[TestInput, Field(description="What is asked.")]
    expect: Annotated[TestExpectation, Field(description="What must be answered.")]
