"""The interface of a handler: a model that answers questions, for any protocol. Imports nothing heavy."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from transformermodel_predictor.artifact.directory import Artifact
from transformermodel_predictor.explanations.explanation import Explained
from transformermodel_predictor.portions import in_portions
from transformermodel_predictor.tasks.task import InvalidParameter, InvalidQuestion, Task, TensorSpec

QuestionMade = TypeVar("QuestionMade")
_Question = TypeVar("_Question")

_VERSION_DIGITS = 12


@dataclass(frozen=True)
class Answer:
    """What is answered to one question.

    Attributes:
        fields: the answer by the names of the model's outputs.
        truncated: number of tokens of the question that the model did not see.
    """

    fields: Mapping[str, Any]
    truncated: int


@dataclass(frozen=True)
class ModelMetadata:
    """What clients may know of a model.

    Attributes:
        name: its name in URLs.
        version: first digits of the artifact's digest.
        platform: what runs it.
        inputs: tensors that clients send.
        outputs: tensors that they receive.
        parameters: further facts: task, labels, limits, origin.
    """

    name: str
    version: str
    platform: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    parameters: Mapping[str, Any]


class Handler(Protocol):
    """A model that many clients ask at once. Knows no protocol."""

    metadata: ModelMetadata

    async def answer(
        self, questions: Sequence[Mapping[str, Any]], parameters: Mapping[str, Any] | None = None
    ) -> list[Answer]:
        """Answer questions, given as named fields, in their order; parameters hold for all of them.

        Raises:
            InvalidQuestion: a question or a parameter cannot be read; the text says which.
            Overloaded: too much waits already.
        """
        ...

    @property
    def explanation_facts(self) -> Mapping[str, Any] | None:
        """What may be asked of `explain`, for metadata; None where answers are not explained."""
        ...

    async def explain(
        self, questions: Sequence[Mapping[str, Any]], parameters: Mapping[str, Any] | None = None
    ) -> list[Explained]:
        """Answer questions and explain the answers; parameters are those of `answer` and of explanations.

        What can be known to be impossible is refused before a question is answered.

        Raises:
            NotExplained: answers are not explained here.
            InvalidQuestion: a question or a parameter cannot be read, there is no such target, or the method cannot be
                had for this model; the text says which, and what is possible.
            Overloaded: too much waits already.
        """
        ...


async def read_questions(
    read: Callable[[Mapping[str, Any], Mapping[str, Any]], QuestionMade],
    questions: Sequence[Mapping[str, Any]],
    parameters: Mapping[str, Any],
) -> list[QuestionMade]:
    """A request's questions as its task reads them, in portions between which others are answered.

    Raises:
        InvalidQuestion: a question cannot be read; the text says which.
        InvalidParameter: a parameter cannot be, which concerns all of them alike.
    """
    made: list[QuestionMade] = []
    async for row, fields in in_portions(numbered(questions)):
        try:
            made.append(read(fields, parameters))
        except InvalidParameter:
            raise
        except InvalidQuestion as error:
            raise InvalidQuestion(f"{row}{error}") from error
    return made


def numbered(questions: Sequence[_Question]) -> list[tuple[str, _Question]]:
    """Questions with what an error message calls them; nothing where there is only one."""
    if len(questions) == 1:
        return [("", questions[0])]
    return [(f"row {index}: ", question) for index, question in enumerate(questions)]


def metadata_of(name: str, artifact: Artifact, task: Task[Any, Any]) -> ModelMetadata:
    """What clients may know of a model that is served under a name."""
    manifest = artifact.manifest
    return ModelMetadata(
        name=name,
        version=manifest.digest[:_VERSION_DIGITS],
        platform=f"transformers-{manifest.candidate.engine.value.lower()}",
        inputs=task.inputs,
        outputs=task.outputs,
        parameters={
            "task": task.name.value,
            "labels": list(task.labels),
            "max_length": artifact.configuration.max_length,
            "precision": manifest.candidate.precision.value,
            "commit": manifest.commit,
            "digest": manifest.digest,
        },
    )
