"""Answers rows from TorchServe with a prepared model, in the ancestor's response format."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Self

from transformermodel_predictor.artifact.directory import open_artifact
from transformermodel_predictor.explanations.explanation import Explained
from transformermodel_predictor.generation.loaded import LoadedGenerator
from transformermodel_predictor.handlers import make_handler
from transformermodel_predictor.loading import LoadedModel, load_model
from transformermodel_predictor.protocols.explanations import write_ancestor_explained
from transformermodel_predictor.tasks.ancestor import AncestorQuestion, read_body, write_answer
from transformermodel_predictor.tasks.task import InvalidQuestion
from transformermodel_predictor.workers import Workers

_WHOLE_BODY = "body"
"""Key of a row that is not a multipart form."""


@dataclass(frozen=True)
class RowAnswer:
    """The answer to one row: text, or a value to send as JSON."""

    body: str | list[Any] | dict[str, Any]
    status: int = HTTPStatus.OK

    @property
    def phrase(self) -> str:
        """The status's reason phrase."""
        return HTTPStatus(self.status).phrase

    @property
    def content_type(self) -> str:
        """The body's media type."""
        return "text/plain; charset=utf-8" if isinstance(self.body, str) else "application/json"


class PackedModel:
    """A prepared model in a TorchServe worker, which calls it from one thread.

    Args:
        model: the loaded artifact.
    """

    def __init__(self, model: LoadedModel | LoadedGenerator) -> None:
        self._model = model
        self._loop = asyncio.Runner()
        self._handler = make_handler("packed", model, Workers())  # its threads start at the first explanation

    @classmethod
    def load(cls, directory: Path) -> Self:
        """Verify an artifact and load it.

        Raises:
            TransformerModelError: it is damaged or cannot run here.
        """
        model = load_model(open_artifact(directory))
        model.warm_up()
        return cls(model)

    def answer(self, rows: Sequence[Mapping[str, Any]], explained: Sequence[bool] = ()) -> list[RowAnswer]:
        """Answer the rows of a batch together; a row that cannot be read gets an error and does not affect the others.

        Args:
            rows: what clients sent.
            explained: whether to explain the answer, by row; no row if empty.
        """
        answers: dict[int, RowAnswer] = {}
        readable: dict[int, AncestorQuestion] = {}
        for index, row in enumerate(rows):
            try:
                readable[index] = self._read(row)
            except InvalidQuestion as error:
                answers[index] = _refusal(error)
        wanted = {index for index, why in enumerate(explained) if why}
        answers |= self._predicted({index: one for index, one in readable.items() if index not in wanted})
        answers |= self._explained({index: one for index, one in readable.items() if index in wanted})
        return [answers[index] for index in range(len(rows))]

    def _predicted(self, questions: Mapping[int, AncestorQuestion]) -> dict[int, RowAnswer]:
        if not questions:
            return {}
        parameters = next(iter(questions.values())).parameters  # they depend on the task, so all rows share them
        found = self._model.answer([question.fields for question in questions.values()], parameters)
        written = (RowAnswer(write_answer(self._model.task.name, fields)) for fields in found)
        return dict(zip(questions, written, strict=True))

    def _explained(self, questions: Mapping[int, AncestorQuestion]) -> dict[int, RowAnswer]:
        if not questions:
            return {}
        found = self._loop.run(self._explain(list(questions.values())))
        return dict(zip(questions, map(self._why, found), strict=True))

    async def _explain(self, questions: Sequence[AncestorQuestion]) -> list[Explained | BaseException]:
        """Explain all together; each may fail by itself."""
        asked = (
            self._handler.explain([question.fields], {} if question.target is None else {"target": question.target})
            for question in questions
        )
        return [
            one if isinstance(one, BaseException) else one[0]
            for one in await asyncio.gather(*asked, return_exceptions=True)
        ]

    def _why(self, found: Explained | BaseException) -> RowAnswer:
        if isinstance(found, InvalidQuestion):
            return _refusal(found)
        if isinstance(found, BaseException):
            raise found
        return RowAnswer(write_ancestor_explained(self._model.task.name, found))

    def _read(self, row: Mapping[str, Any]) -> AncestorQuestion:
        question = read_body(self._model.task.name, row.get(_WHOLE_BODY, row))
        self._model.task.question(question.fields, question.parameters)
        return question


def _refusal(error: InvalidQuestion) -> RowAnswer:
    return RowAnswer(str(error), HTTPStatus.BAD_REQUEST)
