"""Rows as TorchServe hands them over, answered by a prepared model in the ancestor's form."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Self

from transformermodel_predictor.artifact.directory import open_artifact
from transformermodel_predictor.generation.loaded import LoadedGenerator
from transformermodel_predictor.loading import LoadedModel, load_model
from transformermodel_predictor.tasks.ancestor import AncestorQuestion, read_body, write_answer
from transformermodel_predictor.tasks.task import InvalidQuestion

_WHOLE_BODY = "body"
"""Key of a row that is not a form."""


@dataclass(frozen=True)
class RowAnswer:
    """What is answered to one row: text, or a list that is sent as JSON."""

    body: str | list[Any]
    status: int = HTTPStatus.OK

    @property
    def phrase(self) -> str:
        """The status in words."""
        return HTTPStatus(self.status).phrase

    @property
    def content_type(self) -> str:
        """The body's media type."""
        return "text/plain; charset=utf-8" if isinstance(self.body, str) else "application/json"


class PackedModel:
    """A prepared model in a worker of TorchServe, which calls it from one thread.

    Args:
        model: the loaded artifact.
    """

    def __init__(self, model: LoadedModel | LoadedGenerator) -> None:
        self._model = model

    @classmethod
    def load(cls, directory: Path) -> Self:
        """Verify an artifact and load it.

        Raises:
            TransformerModelError: it is damaged, or cannot be run here.
        """
        model = load_model(open_artifact(directory))
        model.warm_up()
        return cls(model)

    def answer(self, rows: Sequence[Mapping[str, Any]]) -> list[RowAnswer]:
        """Answer the rows of a batch together; one that cannot be read is told so and harms no other."""
        answers: list[RowAnswer | None] = [None] * len(rows)
        readable: list[tuple[int, AncestorQuestion]] = []
        for index, row in enumerate(rows):
            try:
                readable.append((index, self._read(row)))
            except InvalidQuestion as error:
                answers[index] = RowAnswer(str(error), HTTPStatus.BAD_REQUEST)
        if readable:
            parameters = readable[0][1].parameters  # of the task, so the same for all
            found = self._model.answer([question.fields for _, question in readable], parameters)
            for (index, _), fields in zip(readable, found, strict=True):
                answers[index] = RowAnswer(write_answer(self._model.task.name, fields))
        return [answer for answer in answers if answer is not None]

    def _read(self, row: Mapping[str, Any]) -> AncestorQuestion:
        question = read_body(self._model.task.name, row.get(_WHOLE_BODY, row))
        self._model.task.question(question.fields, question.parameters)
        return question
