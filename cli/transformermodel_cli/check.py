"""A check of `transformermodel doctor` and its result."""

from dataclasses import dataclass
from enum import StrEnum

from transformermodel_api.errors import PreparationFailed, UserError
from transformermodel_api.failures import FailureReason


class Finding(StrEnum):
    """The result of a check."""

    ok = "ok"
    failed = "failed"
    skipped = "skipped"


@dataclass(frozen=True)
class Check:
    """A completed check.

    Attributes:
        name: what was checked, in a word or two.
        finding: the result.
        message: a sentence: what was found, what is wrong, or why the check was skipped.
        reason: class of the failure, if there is one.
        remedy: a sentence: what to do about a failure.
        exit_status: of a process that exits because of it.
    """

    name: str
    finding: Finding
    message: str
    reason: str | None = None
    remedy: str | None = None
    exit_status: int = 0


def ok(name: str, message: str) -> Check:
    """A check that passed."""
    return Check(name, Finding.ok, message)


def skipped(name: str, why: str) -> Check:
    """A check that was skipped."""
    return Check(name, Finding.skipped, why)


def failed(name: str, reason: FailureReason, message: str, remedy: str | None = None) -> Check:
    """A check that failed; the default remedy is the reason's."""
    return Check(name, Finding.failed, message, reason.name, remedy or reason.remedy, reason.exit_status)


def failed_with(name: str, error: PreparationFailed | UserError) -> Check:
    """A check that failed with an error."""
    if isinstance(error, PreparationFailed):
        return failed(name, error.reason, error.message)
    return Check(name, Finding.failed, str(error), exit_status=error.exit_status)
