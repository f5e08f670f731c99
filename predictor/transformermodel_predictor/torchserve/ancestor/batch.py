"""The rows of a batch, as passed between a handler's methods: encoded questions, or refusals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from transformermodel_predictor.tasks.task import InvalidQuestion
from transformermodel_predictor.tasks.text_generation import TextGeneration
from transformermodel_predictor.torchserve.ancestor.rows import RowQuestion, read_row
from transformermodel_predictor.torchserve.ancestor.task_model import EncodedQuestion, TaskModel
from transformermodel_predictor.torchserve.ancestor.tensors import Batch, padded, tokens_in


@dataclass(frozen=True)
class Refused:
    """A row that cannot be answered, with the message for its client."""

    message: str


Row = EncodedQuestion | Refused


def read_rows(answering: TaskModel, requests: Sequence[object]) -> list[Row]:
    """Read and tokenize rows, together if possible; an invalid row does not affect the others."""
    rows: list[Row] = [Refused("")] * len(requests)
    questions: dict[int, RowQuestion] = {}
    for index, request in enumerate(requests):
        try:
            questions[index] = read_row(answering.task, request)
        except InvalidQuestion as error:
            rows[index] = Refused(str(error))
    for index, row in _encoded(answering, questions).items():
        rows[index] = row
    return rows


def _encoded(answering: TaskModel, questions: Mapping[int, RowQuestion]) -> dict[int, Row]:
    if not questions:
        return {}
    try:
        asked = answering.encode([one.question for one in questions.values()])
    except InvalidQuestion as error:
        if len(questions) == 1:
            return dict.fromkeys(questions, Refused(str(error)))
        apart = (_encoded(answering, {index: one}) for index, one in questions.items())
        return {index: row for questions in apart for index, row in questions.items()}
    return {
        index: replace(row, target=one.target, detailed=one.detailed)
        for (index, one), row in zip(questions.items(), asked, strict=True)
    }


def tensors_of(answering: TaskModel, rows: Sequence[Row], length: int | None) -> Batch:
    """The first window of each row as tensors; a refused row has no tokens.

    Args:
        answering: the model.
        rows: the rows of a batch.
        length: fixed number of tokens per row, for a graph that takes no other; None for that of the longest row.
    """
    tokens = [row.tokens if isinstance(row, EncodedQuestion) else () for row in rows]
    padding: int = answering.tokenizer.pad_token_id or 0
    return padded(tokens, padding, left=isinstance(answering.task, TextGeneration), length=length)


def questions_in(answering: TaskModel, rows: Sequence[Row], batch: Batch) -> list[EncodedQuestion | None]:
    """The questions in the two tensors that a handler passes to `inference`; None for rows without tokens.

    Args:
        answering: the model.
        rows: the rows read last; a handler may have made the tensors of something else.
        batch: token ids and attention mask.
    """
    questions: list[EncodedQuestion | None] = []
    for index, tokens in enumerate(tokens_in(batch)):
        row = rows[index] if index < len(rows) else None
        if not tokens:
            questions.append(None)
        elif isinstance(row, EncodedQuestion) and row.tokens == tokens:
            questions.append(row)
        else:
            questions.append(answering.recognise(tokens))
    return questions


def text_and_target(request: object) -> tuple[Any, Any]:
    """The text of a row to explain, and the target that the row names beside it, if any."""
    if not isinstance(request, Mapping):
        return request, None
    text = next((request[name] for name in ("data", "body") if request.get(name) is not None), None)
    return (request if text is None else text), request.get("target")
