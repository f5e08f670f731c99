"""The interface of a handler: a model that answers questions, whatever the protocol. Imports nothing heavy."""

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
    """The answer to one question.

    Attributes:
        fields: the values by the names of the model's outputs.
        truncated: number of the question's tokens that the model did not see.
    """

    fields: Mapping[str, Any]
    truncated: int


@dataclass(frozen=True)
class ModelMetadata:
    """The public metadata of a model.

    Attributes:
        name: its name in URLs.
        version: first digits of the artifact's digest, or an archive's version.
        platform: the framework and the engine that run it.
        inputs: tensors that clients send.
        outputs: tensors that clients receive.
        parameters: further facts: task, labels, limits, origin.
    """

    name: str
    version: str
    platform: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    parameters: Mapping[str, Any]


class Handler(Protocol):
    """A model that serves many clients concurrently, whatever their protocol."""

    metadata: ModelMetadata

    async def answer(
        self, questions: Sequence[Mapping[str, Any]], parameters: Mapping[str, Any] | None = None
    ) -> list[Answer]:
        """Answer questions, given as named fields, in their order; the parameters apply to all of them.

        Raises:
            InvalidQuestion: a question or a parameter is invalid; the message says which.
            Overloaded: too many requests are waiting already.
        """
        ...

    @property
    def explanation_facts(self) -> Mapping[str, Any] | None:
        """The methods, targets and limits of `explain`, for metadata; None if answers are not explained."""
        ...

    async def explain(
        self, questions: Sequence[Mapping[str, Any]], parameters: Mapping[str, Any] | None = None
    ) -> list[Explained]:
        """Answer questions and explain the answers; parameters are those of `answer` and of explanations.

        An impossible method or target is refused before any question is answered, where that can be told.

        Raises:
            NotExplained: this model's answers are not explained.
            InvalidQuestion: a question or a parameter is invalid, or the model has no such target or method; the
                message says which, and what is possible.
            Overloaded: too many requests are waiting already.
        """
        ...


async def read_questions(
    read: Callable[[Mapping[str, Any], Mapping[str, Any]], QuestionMade],
    questions: Sequence[Mapping[str, Any]],
    parameters: Mapping[str, Any],
) -> list[QuestionMade]:
    """Read the questions of a request, yielding to the event loop between portions of them.

    Args:
        read: the task's reader of one question, from its fields and the parameters.
        questions: the rows, as named fields.
        parameters: of the request; they apply to all rows.

    Raises:
        InvalidQuestion: a question is invalid; the message names its row.
        InvalidParameter: a parameter is invalid, which concerns all rows alike.
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
    """Pair each question with the prefix of its error messages, such as `row 2: `; empty if there is only one."""
    if len(questions) == 1:
        return [("", questions[0])]
    return [(f"row {index}: ", question) for index, question in enumerate(questions)]


def metadata_of(name: str, artifact: Artifact, task: Task[Any, Any]) -> ModelMetadata:
    """The public metadata of a prepared model."""
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
