"""The verdict of the contest, for the report, for status and for people. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from transformermodel_predictor.candidate import REFERENCE, Candidate
from transformermodel_predictor.preparation.contest.candidates import Untried
from transformermodel_predictor.preparation.contest.election import Standing
from transformermodel_predictor.preparation.contest.measurement import Measured, Speed
from transformermodel_predictor.preparation.contest.parity import Parity
from transformermodel_predictor.preparation.contest.trials import Dropped, Examination, Examined

_MILLISECONDS = 1000


@dataclass(frozen=True)
class Verdict:
    """The published candidate, and the outcomes of all.

    Attributes:
        chosen: the published candidate.
        why: a sentence.
        trials: outcomes of the built candidates.
        measured: speed of those in parity.
        ranking: relative speeds, the fastest first.
        untried: candidates that were not built.
        device: that they were compared and measured on.
    """

    chosen: Candidate
    why: str
    trials: tuple[Examination, ...]
    measured: tuple[Measured, ...]
    ranking: tuple[Standing, ...]
    untried: tuple[Untried, ...]
    device: str

    def document(self) -> dict[str, Any]:
        """`why`, `device` and `candidates` of report.json: times in milliseconds, sizes in bytes."""
        candidates = [*map(self._trial, self.trials), *map(_untried, self.untried)]
        return {"why": self.why, "device": self.device, "candidates": candidates}

    def _trial(self, trial: Examination) -> dict[str, Any]:
        if isinstance(trial, Dropped):
            outcome = {"outcome": "Dropped", "reason": trial.reason, "message": trial.message}
            return {**_name(trial.candidate), **outcome, **_parity(trial.parity)}
        chosen = trial.candidate == self.chosen
        return {
            **_name(trial.candidate),
            "outcome": "Chosen" if chosen else "InParity",
            **_parity(trial.parity),
            **_load(trial),
            **_speeds(trial.candidate, self.measured, self.ranking),
        }


def _name(candidate: Candidate) -> dict[str, Any]:
    return {name: value.value for name, value in vars(candidate).items()}


def _untried(entry: Untried) -> dict[str, Any]:
    return {**_name(entry.candidate), "outcome": "NotTried", "message": entry.reason}


def _parity(parity: Parity | None) -> dict[str, Any]:
    if parity is None:
        return {}
    return {
        "parity": {
            "difference": parity.difference,
            "tolerance": parity.tolerance,
            "samples": parity.samples,
            "agreeing": parity.agreeing,
            "disagreements": [vars(entry) for entry in parity.disagreements],
        }
    }


def _load(trial: Examined) -> dict[str, Any]:
    return {
        "sizeBytes": trial.size_bytes,
        "loadMilliseconds": round(trial.load.seconds * _MILLISECONDS, 1),
        "residentBytes": trial.load.resident_bytes,
    }


def _speeds(candidate: Candidate, measured: Sequence[Measured], ranking: Sequence[Standing]) -> Mapping[str, Any]:
    speed = next((one for one in measured if one.candidate == candidate), None)
    if speed is None:
        return {}
    standing = next(one for one in ranking if one.candidate == candidate)
    compared = {"speedup": round(standing.gain, 3)} if measured[0].candidate == REFERENCE else {}
    timings = {"single": _timings(speed.single), "batch": _timings(speed.batch)}
    return {**timings, "rounds": speed.rounds, "contender": speed.contender, **compared}


def _timings(speed: Speed) -> dict[str, Any]:
    return {
        "rows": speed.rows,
        "perSecond": round(speed.per_second, 2),
        "p50Milliseconds": round(speed.p50 * _MILLISECONDS, 3),
        "p99Milliseconds": round(speed.p99 * _MILLISECONDS, 3),
    }
