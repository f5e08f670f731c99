"""The questions on which candidates are compared: the task's own probes, and the user's samples."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.objects.bucket import Bucket
from transformermodel_predictor.objects.location import ObjectLocation, is_object_uri
from transformermodel_predictor.tasks.task import InvalidQuestion, Task

SAMPLES_FILE = "samples.jsonl"


@dataclass(frozen=True)
class Samples:
    """Questions that the user gave, as named fields.

    Attributes:
        origin: where they are, for messages.
        rows: one per question, with the number of its line.
        checksum: SHA-256 of the file; empty where there is none.
    """

    origin: str = ""
    rows: tuple[tuple[int, Mapping[str, Any]], ...] = ()
    checksum: str = ""

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


def fetch_samples(uri: str, base: Path) -> Samples:
    """Read the samples that a uri names: a folder with samples.jsonl, or a file, here or in object storage.

    Args:
        uri: file://, s3://, gs:// or az://.
        base: folder that relative `file://` uris start from.

    Raises:
        PreparationFailed: NotFound, there is no such file; InvalidSamples, a line is not a JSON object;
            UnsupportedSource, another kind of uri; and what the service of an object store refuses.
    """
    scheme, _, location = uri.partition("://")
    if is_object_uri(uri):
        content = _object(ObjectLocation.parse(uri))
    elif scheme == "file":
        content = _file(base / location)
    else:
        raise PreparationFailed(
            FailureReason.UnsupportedSource, f"samples cannot be read from {uri}: use file://, s3://, gs:// or az://."
        )
    if content is None:
        raise PreparationFailed(FailureReason.NotFound, f"{uri} is no file, and no folder with a {SAMPLES_FILE}.")
    return parse_samples(content, uri)


def parse_samples(content: bytes, origin: str) -> Samples:
    """Read JSON lines; empty lines are skipped.

    Raises:
        PreparationFailed: InvalidSamples, a line is not a JSON object; the message names it.
    """
    try:
        lines = content.decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise _invalid(f"{origin} is not text in UTF-8.") from error
    rows = tuple((number, _fields(line, number, origin)) for number, line in enumerate(lines, start=1) if line.strip())
    if not rows:
        raise _invalid(f"{origin} is empty.")
    return Samples(origin, rows, hashlib.sha256(content).hexdigest())


def _file(path: Path) -> bytes | None:
    found = next((file for file in (path, path / SAMPLES_FILE) if file.is_file()), None)
    return found.read_bytes() if found else None


def _object(location: ObjectLocation) -> bytes | None:
    bucket = Bucket(location)
    content = bucket.read("")
    return bucket.read(SAMPLES_FILE) if content is None else content


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
