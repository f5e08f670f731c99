"""The outcomes of the candidates of one preparation. Data only."""

from dataclasses import dataclass

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.candidate import Candidate
from transformermodel_predictor.preparation.contest.models import Load
from transformermodel_predictor.preparation.contest.parity import Parity

_ABOUT_THE_CANDIDATE = frozenset(
    {
        FailureReason.UnsupportedForm,
        FailureReason.UnsupportedArchitecture,
        FailureReason.ParityFailed,
        FailureReason.GoldenAnswerMismatch,
    }
)
"""Failures of one candidate, which do not fail the preparation."""


@dataclass(frozen=True)
class Dropped:
    """A candidate that failed its trial.

    Attributes:
        reason: name of the class of failure.
        message: a sentence.
        parity: how it compares with the reference, where it came so far.
    """

    candidate: Candidate
    reason: str
    message: str
    parity: Parity | None = None

    @classmethod
    def because(cls, candidate: Candidate, error: PreparationFailed) -> "Dropped":
        """A candidate that failed for a reason of its own.

        Raises:
            PreparationFailed: the error, where it speaks against the whole preparation.
        """
        if error.reason not in _ABOUT_THE_CANDIDATE:
            raise error
        return cls(candidate, error.reason.name, error.message)

    def error(self) -> PreparationFailed:
        """The failure of a preparation if there is no other candidate."""
        return PreparationFailed(FailureReason[self.reason], f"{self.candidate}: {self.message}")


@dataclass(frozen=True)
class Examined:
    """A candidate in parity.

    Attributes:
        parity: how its answers compare with the reference's; None where the source holds nothing to compare with.
        load: what it took to load it.
        size_bytes: of its files.
    """

    candidate: Candidate
    parity: Parity | None
    load: Load
    size_bytes: int


Examination = Examined | Dropped
