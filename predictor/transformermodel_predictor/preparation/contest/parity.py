"""Parity: whether a candidate gives the answers of the float32 reference."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from transformermodel_api.preparation import Precision, Preparation


class Comparison(Protocol):
    """A task's comparison of two answers to one question."""

    def difference(self, reference: Any, other: Any) -> float:  # noqa: ANN401 - the task's own answers
        """Their difference, from 0 (equal) to 1."""
        ...

    def agree(self, reference: Any, other: Any) -> bool:  # noqa: ANN401
        """Whether they are the same answer."""
        ...

    def preference(self, reference: Any, other: Any) -> float:  # noqa: ANN401
        """How much more probable the reference finds its own answer than the other; 0 if they are the same."""
        ...


TOLERANCES = {
    Precision.Float32: 0.001,
    Precision.Float16: 0.01,
    Precision.BFloat16: 0.03,
    Precision.Int8: 0.1,
}
"""Largest difference of a probability by precision. Measured on encoders: other kernels in float32 move logits by up to
1e-5; bfloat16 by up to 0.07, which is 0.0175 of a probability; int8 per channel by several tenths."""


@dataclass(frozen=True)
class Disagreement:
    """A sample that a candidate answers differently.

    Attributes:
        sample: its position, the probes first.
        difference: between the answers, from 0 to 1.
        preference: how much more probable the reference's answer is than the candidate's, for the reference.
        excused: whether the reference was undecided between both, so that rounding may decide.
    """

    sample: int
    difference: float
    preference: float
    excused: bool


@dataclass(frozen=True)
class Parity:
    """How a candidate's answers compare with the reference's.

    Attributes:
        samples: number of questions.
        tolerance: largest difference allowed.
        difference: largest difference found.
        disagreements: samples that were answered differently.
    """

    samples: int
    tolerance: float
    difference: float
    disagreements: tuple[Disagreement, ...] = ()

    @property
    def agreeing(self) -> int:
        """Number of samples with the same answer."""
        return self.samples - len(self.disagreements)

    @property
    def problem(self) -> str | None:
        """Why the candidate is out of parity, without a full stop; None if it is in parity."""
        if not self.difference <= self.tolerance:
            return f"its answers differ from the reference by {self.difference:.4f}, more than {self.tolerance:g}"
        wrong = [entry for entry in self.disagreements if not entry.excused]
        if not wrong:
            return None
        worst = max(wrong, key=lambda entry: entry.preference)
        return (
            f"it answers {len(wrong)} of {self.samples} samples otherwise than the reference (sample "
            f"{worst.sample} by a margin of {worst.preference:.4f})"
        )


def tolerance_of(preparation: Preparation, precision: Precision) -> float:
    """The tolerance in the manifest, else that of the precision."""
    parity = preparation.parity
    return TOLERANCES[precision] if parity is None or parity.tolerance is None else float(parity.tolerance)


def compare(task: Comparison, reference: Sequence[object], answers: Sequence[object], tolerance: float) -> Parity:
    """Compare answers to the same questions, one by one.

    A different answer is excused only if the reference was undecided: its own answer is more probable by no more than
    the tolerance.
    """
    pairs = list(zip(reference, answers, strict=True))
    differences = [task.difference(one, other) for one, other in pairs]
    return Parity(
        samples=len(pairs),
        tolerance=tolerance,
        difference=max((math.inf if math.isnan(difference) else difference for difference in differences), default=0.0),
        disagreements=tuple(
            _disagreement(task, sample, one, other, tolerance)
            for sample, (one, other) in enumerate(pairs)
            if not task.agree(one, other)
        ),
    )


def _disagreement(task: Comparison, sample: int, reference: object, other: object, tolerance: float) -> Disagreement:
    preference = task.preference(reference, other)
    return Disagreement(sample, task.difference(reference, other), preference, excused=preference <= tolerance)
