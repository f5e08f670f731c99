"""The questions on which candidates are compared: the task's own probes, and the user's samples."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.tasks.task import InvalidQuestion, Task

SAMPLES_FILE = "samples.jsonl"


@dataclass(frozen=True)
class Samples:
    """Questions that the user gave, as named fields.

    Attributes:
        origin: where they are, for messages.
        rows: one per question, with the number of its line.
    """

    origin: str = ""
    rows: tuple[tuple[int, Mapping[str, Any]], ...] = ()

    def questions(self, task: Task[Any, Any]) -> list[Any]:
        """The task's probes, and after them the samples.

        Raises:
            PreparationFailed: InvalidSamples, the task cannot read one; the message names its line.
        """
        return [*task.probes, *(self._question(task, line, fields) for line, fields in self.rows)]

    def _question(self, task: Task[Any, Any], line: int, fields: Mapping[str, Any]) -> Any:  # noqa: ANN401
        try:
            return task.question(fields, {})
        except InvalidQuestion as error:
            raise _invalid(f"{self.origin} line {line}: {error}.") from error


def read_samples(file: Path, origin: str) -> Samples:
    """Read JSON lines; empty lines are skipped.

    Raises:
        PreparationFailed: NotFound, there is no such file; InvalidSamples, a line is not a JSON object.
    """
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError as error:
        raise PreparationFailed(FailureReason.NotFound, f"{origin} has no {file.name}.") from error
    except UnicodeDecodeError as error:
        raise _invalid(f"{origin} is not text in UTF-8.") from error
    rows = tuple((number, _fields(line, number, origin)) for number, line in enumerate(lines, start=1) if line.strip())
    if not rows:
        raise _invalid(f"{origin} is empty.")
    return Samples(origin, rows)


def _fields(line: str, number: int, origin: str) -> Mapping[str, Any]:
    try:
        fields = json.loads(line)
    except ValueError as error:
        raise _invalid(f"{origin} line {number} is not JSON ({error}).") from error
    if not isinstance(fields, dict):
        raise _invalid(f"{origin} line {number} is not a JSON object.")
    return fields


def _invalid(message: str) -> PreparationFailed:
    return PreparationFailed(FailureReason.InvalidSamples, message)
