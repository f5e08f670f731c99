"""The questions on which candidates are compared: the task's own probes, and the user's samples."""

import hashlib
import io
import json
import tempfile
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_api.origin import without_secrets
from transformermodel_predictor.progress import Unwatched
from transformermodel_predictor.sources.catalogue import source_for

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from transformermodel_predictor.tasks.catalogue import AnyTask

SAMPLES_FILE = "samples.jsonl"


@dataclass(frozen=True)
class Samples:
    """The user's questions, as named fields.

    Attributes:
        origin: their uri, for messages.
        rows: one per question, with the number of its line.
        checksum: SHA-256 of the file; empty where there is none.
    """

    origin: str = ""
    rows: tuple[tuple[int, Mapping[str, Any]], ...] = ()
    checksum: str = ""

    def questions(self, task: "AnyTask", tokenizer: "PreTrainedTokenizerBase") -> list[Any]:
        """The task's probes that fit into the model, followed by the samples.

        Raises:
            PreparationFailed: UnsupportedSource, the model has room for no probe; InvalidSamples, the task cannot read
                a sample, or the model has no room for it; the message names its line.
        """
        from transformermodel_predictor.preparation.contest.fitting import fitting_probes  # imports PyTorch

        probes = fitting_probes(task, tokenizer)
        return [*probes, *(self._question(task, tokenizer, line, fields) for line, fields in self.rows)]

    def _question(
        self, task: "AnyTask", tokenizer: "PreTrainedTokenizerBase", line: int, fields: Mapping[str, Any]
    ) -> Any:  # noqa: ANN401
        from transformermodel_predictor.preparation.contest.fitting import require_encodable  # not to read samples
        from transformermodel_predictor.tasks.task import InvalidQuestion

        try:
            question = task.question(fields, {})
            require_encodable(task, tokenizer, question)
        except InvalidQuestion as error:
            raise _invalid(f"{self.origin} line {line}: {error}.") from error
        return question


def fetch_samples(uri: str, base: Path, revision: str | None = None) -> Samples:
    """Read the samples at a uri, which may be any kind of source: a folder with samples.jsonl, or a file.

    Args:
        uri: as `spec.source.uri`.
        base: folder that relative `file://` uris start from.
        revision: branch, tag or commit; only a hub has them.

    Raises:
        PreparationFailed: NotFound, there is no such file; InvalidSamples, a line is not a JSON object; and what
            sources fail with.
    """
    wanted = _SamplesFile(unquote(PurePosixPath(uri.partition("?")[0].partition("#")[0]).name))
    with tempfile.TemporaryDirectory(prefix="samples-") as folder:
        source = source_for(uri, revision, base, wanted)
        shown = without_secrets(uri)
        root = source.acquire(source.resolve(), Path(folder) / "samples", Unwatched())
        (name,) = wanted([path.name for path in root.iterdir() if path.is_file()], shown, lambda _: "")
        content = (root / name).read_bytes()
    return parse_samples(content, shown)


@dataclass(frozen=True)
class _SamplesFile:
    """Selects the file with the samples. Implements `Selection`.

    Attributes:
        name: the file that the uri names, unless it names a folder.
    """

    name: str

    def __call__(self, names: Collection[str], origin: str, read: Callable[[str], str], /) -> tuple[str, ...]:
        found = next((name for name in (self.name, SAMPLES_FILE) if name in names), None)
        if found is None:
            raise PreparationFailed(
                FailureReason.NotFound, f"{origin} is no file, and no folder with a {SAMPLES_FILE}."
            )
        return (found,)


def parse_samples(content: bytes, origin: str) -> Samples:
    """Read JSON lines; empty lines are skipped.

    Raises:
        PreparationFailed: InvalidSamples, a line is not a JSON object; the message names it.
    """
    try:
        lines = io.StringIO(content.decode("utf-8"), newline=None)  # a text may hold what splitlines() takes for an end
    except UnicodeDecodeError as error:
        raise _invalid(f"{origin} is not text in UTF-8.") from error
    rows = tuple(
        (number, _fields(line.rstrip(), number, origin)) for number, line in enumerate(lines, start=1) if line.strip()
    )
    if not rows:
        raise _invalid(f"{origin} is empty.")
    return Samples(origin, rows, hashlib.sha256(content).hexdigest())


def _fields(line: str, number: int, origin: str) -> Mapping[str, Any]:
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _invalid(f"{origin} line {number} is not JSON ({error}).") from error
    if not isinstance(fields, dict):
        raise _invalid(f"{origin} line {number} is not a JSON object.")
    return fields


def _invalid(message: str) -> PreparationFailed:
    return PreparationFailed(FailureReason.InvalidSamples, message)
