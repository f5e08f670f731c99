"""Whether a candidate answers as the float32 reference does."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from transformermodel_api.preparation import Precision, Preparation


class Comparison(Protocol):
    """What a task says of two answers to one question."""

    def difference(self, reference: Any, other: Any) -> float:  # noqa: ANN401 - the task's own answers
        """How far apart they are: 0 equal, 1 as different as can be."""
        ...

    def agree(self, reference: Any, other: Any) -> bool:  # noqa: ANN401
        """Whether they say the same."""
        ...

    def preference(self, reference: Any, other: Any) -> float:  # noqa: ANN401
        """By how much likelier the reference holds its own answer than the other's; 0 where they say the same."""
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
    """A sample that a candidate answers otherwise.

    Attributes:
        sample: its position, the probes first.
        difference: how far apart the answers are.
        preference: by how much likelier the reference holds its own answer.
        excused: whether the reference was undecided between both, so that rounding may turn it.
    """

    sample: int
    difference: float
    preference: float
    excused: bool


@dataclass(frozen=True)
class Parity:
    """How a candidate's answers compare with the reference's.

    Attributes:
        samples: how many questions were asked.
        tolerance: the largest difference that is allowed.
        difference: the largest that was found.
        disagreements: the samples that were answered otherwise.
    """

    samples: int
    tolerance: float
    difference: float
    disagreements: tuple[Disagreement, ...] = ()

    @property
    def agreeing(self) -> int:
        """How many samples were answered alike."""
        return self.samples - len(self.disagreements)

    @property
    def problem(self) -> str | None:
        """Why the candidate is out of parity, without a full stop; None where it is not."""
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
    """As the manifest says, else by precision."""
    parity = preparation.parity
    return TOLERANCES[precision] if parity is None or parity.tolerance is None else float(parity.tolerance)


def compare(task: Comparison, reference: Sequence[object], answers: Sequence[object], tolerance: float) -> Parity:
    """Compare answers to the same questions, one by one.

    Another answer is excused only where the reference was undecided: it holds its own answer likelier by no more than
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
