"""Whether a compiled form gives what the model gives, whatever the number and the length of the rows."""

from collections.abc import Sequence

import torch

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.preparation import Precision
from transformermodel_predictor.candidate import Candidate
from transformermodel_predictor.engines.compiled import unsupported
from transformermodel_predictor.engines.engine import Engine
from transformermodel_predictor.engines.signature import Signature
from transformermodel_predictor.graphs.batches import random_batches
from transformermodel_predictor.pretrained import one_line
from transformermodel_predictor.resources import resources_classified
from transformermodel_predictor.tasks.task import Encoding, Outputs

_LONGEST = 512
"""Longer rows are not tried: their time grows with the square of the length."""

_TOLERANCE = {
    Precision.Float32: 1e-4,
    Precision.BFloat16: 0.1,  # fused operations round less often
    Precision.Float16: 0.02,
}
"""Largest difference of a logit, as a share of the largest logit where that is above 1."""


def require_faithful(
    candidate: Candidate, engine: Engine, reference: Engine, signature: Signature, end: int | None = None
) -> None:
    """Compare a compiled form with the model that it was made of, on random tokens.

    Whether its answers are the reference's is judged later, with real texts; this finds forms that hold only for
    the batch they were made with.

    Args:
        candidate: the form.
        engine: runs it.
        reference: runs the model.
        signature: how both are called.
        end: the token that the model looks for at the end of a row; None where it looks for none.

    Raises:
        PreparationFailed: UnsupportedForm, they differ, or the form breaks off.
    """
    limit = min(signature.max_length, _LONGEST)
    for batch in random_batches(signature, [(1,), (7, 5), (3, 12, 33, 8, 2), (limit,)], end):
        rows = f"{len(batch)} rows of up to {max(map(len, batch))} tokens"
        for given, expected in zip(_given(candidate, engine, batch, rows), reference.run(batch), strict=True):
            for name in signature.outputs:
                require_close(candidate, given[name], expected[name], rows)


def _given(candidate: Candidate, engine: Engine, batch: Sequence[Encoding], rows: str) -> list[Outputs]:
    try:
        with resources_classified():
            return engine.run(batch)
    except PreparationFailed:
        raise
    except Exception as error:  # each runtime fails in its own way
        reason = f"{type(error).__name__}: {one_line(error)}"
        raise unsupported(f"the model's {candidate.format.value} form does not hold for {rows} ({reason}).") from error


def require_close(candidate: Candidate, given: torch.Tensor, expected: torch.Tensor, what: str) -> None:
    """Refuse a compiled form whose logits are not the model's.

    Args:
        candidate: the form, and its precision.
        given: its logits.
        expected: the model's.
        what: what they are for, as in `2 rows`.

    Raises:
        PreparationFailed: UnsupportedForm, they differ.
    """
    difference = _difference(given, expected)
    if not difference <= _TOLERANCE[candidate.precision]:
        raise unsupported(
            f"the model's {candidate.format.value} form does not hold for {what}: logits differ by {difference:.2g}."
        )


def _difference(given: torch.Tensor, expected: torch.Tensor) -> float:
    """The largest difference, relative to the largest number where that is above 1; infinite for other shapes."""
    if given.shape != expected.shape:
        return float("inf")
    return float((given - expected).abs().max() / expected.abs().max().clamp(min=1))
