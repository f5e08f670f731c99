"""The preparation in a Kubernetes Job: input from the environment, outcome in the termination message."""

import json
import logging
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pydantic

from transformermodel_api.contract import (
    REFERENCE_VARIABLE,
    REQUEST_VARIABLE,
    Failed,
    PreparationOutcome,
    PreparationProgress,
    PreparationRequest,
    Prepared,
    Resolved,
    write_outcome,
)
from transformermodel_api.errors import PreparationFailed, UserError
from transformermodel_api.failures import FailureReason
from transformermodel_api.machine import machine_refusal
from transformermodel_predictor.artifact.opening import StoreLocation, UnwritableStore
from transformermodel_predictor.garbage import pass_over_modules, uncollected
from transformermodel_predictor.preparation.pinning import fingerprint_of, pin_sources
from transformermodel_predictor.progress import Step
from transformermodel_predictor.resources import resources_classified
from transformermodel_predictor.transfer.space import free_bytes

_LOG = logging.getLogger(__name__)
_ROOT = Path("/")
_SECONDS_BETWEEN_LINES = 1.0
_BEGINS = {
    Step.Resolve: 0,
    Step.Acquire: 1,
    Step.Merge: 60,
    Step.Build: 65,
    Step.Compare: 80,
    Step.Measure: 85,
    Step.Test: 95,
    Step.Publish: 98,
}
"""Percentage of a usual preparation that is done when a step starts: most of it is the download."""


class LogProgress:
    """Progress as lines of JSON on standard output, which the operator reads from the pod's log.

    Args:
        clock: seconds that only ever grow.
        free: the room where is worked, in bytes.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, free: Callable[[], int | None] = lambda: None
    ) -> None:
        self._clock = clock
        self._free = free
        self._free_at_first: int | None = None
        self._step = Step.Resolve
        self._last = float("-inf")
        self._percent = 0
        self._began: tuple[float, int] | None = None

    def step(self, step: Step, detail: str) -> None:
        """Print the step."""
        self._step, self._last, self._began = step, float("-inf"), None
        self._percent = max(self._percent, _BEGINS[step])
        _print({"step": step.value, "detail": detail, "percent": self._percent})

    def bytes(self, done: int, total: int) -> None:
        """Print progress, at most once a second, and always at the end."""
        if done < total and self._clock() - self._last < _SECONDS_BETWEEN_LINES:
            return
        self._last = self._clock()
        remaining = self._remaining(done, total)
        if self._step is Step.Acquire and total:
            begin, end = _BEGINS[Step.Acquire], _BEGINS[Step.Merge]
            self._percent = max(self._percent, begin + (end - begin) * done // total)
        line = PreparationProgress(
            step=self._step.value,
            percent=self._percent,
            bytes_done=done,
            bytes_total=total,
            bytes_free=self._free_at_first,
            remaining_seconds=remaining,
        )
        _print_line(line.line())

    def _remaining(self, done: int, total: int) -> int | None:
        """Seconds to the end of the step, at the speed since its first report of bytes; None without a speed."""
        if self._began is None:
            self._began, self._free_at_first = (self._clock(), done), self._free()
        seconds, there = self._clock() - self._began[0], done - self._began[1]
        return round(seconds * max(total - done, 0) / there) if there > 0 else None


def run_job(environment: Mapping[str, str], store: StoreLocation, termination_log: Path) -> int:
    """Prepare the request in the environment, and write the outcome to the termination message.

    Returns:
        The process's exit status: 0, or that of the failure's class.
    """
    return _told(lambda: _prepare(environment, store), termination_log)


def run_check(environment: Mapping[str, str], termination_log: Path) -> int:
    """Resolve the sources of the request in the environment, and write their state to the termination message.

    Returns:
        The process's exit status: 0, or that of the failure's class.
    """
    return _told(lambda: _check(environment), termination_log)


def _told(work: Callable[[], PreparationOutcome], termination_log: Path) -> int:
    outcome, status = _attempt(work)
    message = write_outcome(outcome)
    _print(json.loads(message))
    try:
        termination_log.write_text(message, encoding="utf-8")
    except OSError as error:
        _LOG.warning("the outcome cannot be written to %s: %s", termination_log, error.strerror)
    return status


def _attempt(work: Callable[[], PreparationOutcome]) -> tuple[PreparationOutcome, int]:
    try:
        with resources_classified():
            return work(), 0
    except PreparationFailed as error:
        return _failed(error.reason, error.message, error.commit)
    except UnwritableStore as error:
        return _failed(FailureReason.MachineRefused, _unwritable(error))
    except UserError as error:
        return _failed(FailureReason.UnsupportedSource, f"{str(error).rstrip('.')}.")
    except Exception as error:  # noqa: BLE001 - whatever it is, the operator has to be told
        if (refused := machine_refusal(error)) is not None:
            return _failed(FailureReason.MachineRefused, refused)
        _LOG.exception("the preparation failed for a reason that it does not know")
        return _failed(FailureReason.Internal, f"{type(error).__name__}: {error}")


def _prepare(environment: Mapping[str, str], store: StoreLocation) -> Prepared:
    store.require_usable()
    with uncollected():
        from transformermodel_predictor.preparation.pipeline import prepare  # slow to import: first see what is asked

    opened = store.open()
    progress = LogProgress(free=lambda: free_bytes(store.workplace))
    prepared = prepare(_request(environment), opened, progress, base=_ROOT, loaded=pass_over_modules)
    if reference := environment.get(REFERENCE_VARIABLE):
        opened.refer(reference, prepared.digest)
    return prepared


def _check(environment: Mapping[str, str]) -> Resolved:
    checkpoint, adapter = pin_sources(_request(environment).source, _ROOT)
    return Resolved(commit=checkpoint.resolved.commit, sources=fingerprint_of(checkpoint, adapter))


def _request(environment: Mapping[str, str]) -> PreparationRequest:
    text = environment.get(REQUEST_VARIABLE)
    if text is None:
        raise PreparationFailed(FailureReason.Internal, f"the environment variable {REQUEST_VARIABLE} is not set.")
    try:
        return PreparationRequest.model_validate_json(text)
    except pydantic.ValidationError as error:
        problem = error.errors()[0]
        field = ".".join(str(part) for part in problem["loc"])
        raise PreparationFailed(
            FailureReason.Internal, f"{REQUEST_VARIABLE} is not a request: {field} {problem['msg']}."
        ) from error


def _unwritable(error: UnwritableStore) -> str:
    """What a Job tells of its store: it has no --store of its own to correct, but a volume."""
    known = machine_refusal(error.__cause__) if isinstance(error.__cause__, OSError) else None
    return known or f"{error.folder} cannot be written ({error.why}): have a volume there that this user may write."


def _failed(reason: FailureReason, message: str, commit: str | None = None) -> tuple[Failed, int]:
    return Failed.because(reason, message, commit), reason.exit_status


def _print(line: Mapping[str, object]) -> None:
    _print_line(json.dumps(line, ensure_ascii=False))


def _print_line(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
