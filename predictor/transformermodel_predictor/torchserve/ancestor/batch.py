"""The rows of a batch between a handler's methods: what was asked, and which of it cannot be answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from transformermodel_predictor.tasks.task import InvalidQuestion
from transformermodel_predictor.tasks.text_generation import TextGeneration
from transformermodel_predictor.torchserve.ancestor.answering import Answering, Asked
from transformermodel_predictor.torchserve.ancestor.rows import RowQuestion, read_row
from transformermodel_predictor.torchserve.ancestor.tensors import Batch, padded, tokens_in


@dataclass(frozen=True)
class Refused:
    """A row that cannot be answered, and why: for the client who sent it."""

    message: str


Row = Asked | Refused


def read_rows(answering: Answering, requests: Sequence[object]) -> list[Row]:
    """Read and tokenize rows, together as far as they can be; one that cannot harms no other."""
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


def _encoded(answering: Answering, questions: Mapping[int, RowQuestion]) -> dict[int, Row]:
    if not questions:
        return {}
    try:
        asked = answering.encode([one.question for one in questions.values()])
    except InvalidQuestion as error:
        if len(questions) == 1:
            return dict.fromkeys(questions, Refused(str(error)))
        apart = (_encoded(answering, {index: one}) for index, one in questions.items())
        return {index: row for found in apart for index, row in found.items()}
    return {
        index: replace(row, target=one.target, detailed=one.detailed)
        for (index, one), row in zip(questions.items(), asked, strict=True)
    }


def tensors_of(answering: Answering, rows: Sequence[Row], length: int | None) -> Batch:
    """The first window of each row; a row that is refused has no tokens.

    Args:
        answering: whose tokens they are.
        rows: of a batch.
        length: tokens of each row, where a graph takes no other number of them.
    """
    tokens = [row.tokens if isinstance(row, Asked) else () for row in rows]
    padding: int = answering.tokenizer.pad_token_id or 0
    return padded(tokens, padding, left=isinstance(answering.task, TextGeneration), length=length)


def asked_in(answering: Answering, rows: Sequence[Row], batch: Batch) -> list[Asked | None]:
    """What a handler asks with two tensors; None for rows without tokens.

    Args:
        answering: who is asked.
        rows: what was read last; the tensors may be of something else, where a handler made them itself.
        batch: the tensors.
    """
    found: list[Asked | None] = []
    for index, tokens in enumerate(tokens_in(batch)):
        row = rows[index] if index < len(rows) else None
        if not tokens:
            found.append(None)
        elif isinstance(row, Asked) and row.tokens == tokens:
            found.append(row)
        else:
            found.append(answering.recognise(tokens))
    return found


def text_and_target(request: object) -> tuple[Any, Any]:
    """What of a row an explanation is asked about, and its target, where the row names one beside it."""
    if not isinstance(request, Mapping):
        return request, None
    text = next((request[name] for name in ("data", "body") if request.get(name) is not None), None)
    return (request if text is None else text), request.get("target")
