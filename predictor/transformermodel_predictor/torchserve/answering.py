"""Rows as TorchServe hands them over, answered by a prepared model in the ancestor's form."""

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
"""Key of a row that is not a form."""


@dataclass(frozen=True)
class RowAnswer:
    """What is answered to one row: text, or what is sent as JSON."""

    body: str | list[Any] | dict[str, Any]
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
        self._loop = asyncio.Runner()
        self._handler = make_handler("packed", model, Workers())  # its threads begin when one is asked why

    @classmethod
    def load(cls, directory: Path) -> Self:
        """Verify an artifact and load it.

        Raises:
            TransformerModelError: it is damaged, or cannot be run here.
        """
        model = load_model(open_artifact(directory))
        model.warm_up()
        return cls(model)

    def answer(self, rows: Sequence[Mapping[str, Any]], explained: Sequence[bool] = ()) -> list[RowAnswer]:
        """Answer the rows of a batch together; one that cannot be read is told so and harms no other.

        Args:
            rows: what clients sent.
            explained: of each, whether its answer is to be explained; nowhere when empty.
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
        parameters = next(iter(questions.values())).parameters  # of the task, so the same for all
        found = self._model.answer([question.fields for question in questions.values()], parameters)
        written = (RowAnswer(write_answer(self._model.task.name, fields)) for fields in found)
        return dict(zip(questions, written, strict=True))

    def _explained(self, questions: Mapping[int, AncestorQuestion]) -> dict[int, RowAnswer]:
        if not questions:
            return {}
        found = self._loop.run(self._explain(list(questions.values())))
        return dict(zip(questions, map(self._why, found), strict=True))

    async def _explain(self, questions: Sequence[AncestorQuestion]) -> list[Explained | BaseException]:
        """All together; each fails by itself."""
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
