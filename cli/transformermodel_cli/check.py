"""One thing that `transformermodel doctor` looks at, and what it found."""

from dataclasses import dataclass
from enum import StrEnum

from transformermodel_api.errors import PreparationFailed, UserError
from transformermodel_api.failures import FailureReason


class Finding(StrEnum):
    """What a check came to."""

    ok = "ok"
    failed = "failed"
    skipped = "skipped"


@dataclass(frozen=True)
class Check:
    """A thing that was looked at.

    Attributes:
        name: of the thing, in a word or two.
        finding: what it came to.
        message: a sentence: what is there, what is wrong, or why nobody looked.
        reason: class of the failure, where there is one.
        remedy: a sentence: what to do about a failure.
        exit_status: of a process that ends because of it.
    """

    name: str
    finding: Finding
    message: str
    reason: str | None = None
    remedy: str | None = None
    exit_status: int = 0


def ok(name: str, message: str) -> Check:
    """Nothing will fail here."""
    return Check(name, Finding.ok, message)


def skipped(name: str, why: str) -> Check:
    """Nobody looked."""
    return Check(name, Finding.skipped, why)


def failed(name: str, reason: FailureReason, message: str, remedy: str | None = None) -> Check:
    """This will fail; the remedy is that of the reason unless another one is given."""
    return Check(name, Finding.failed, message, reason.name, remedy or reason.remedy, reason.exit_status)


def failed_with(name: str, error: PreparationFailed | UserError) -> Check:
    """This has failed."""
    if isinstance(error, PreparationFailed):
        return failed(name, error.reason, error.message)
    return Check(name, Finding.failed, str(error), exit_status=error.exit_status)
