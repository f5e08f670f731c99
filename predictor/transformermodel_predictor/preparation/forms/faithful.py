"""Checks that a compiled form reproduces the model's outputs for any number and length of rows."""

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
"""Longer rows are not tried, as time grows with the square of the length."""

_TOLERANCE = {
    Precision.Float32: 1e-4,
    Precision.BFloat16: 0.1,  # fused operations round less often
    Precision.Float16: 0.02,
}
"""Largest difference of a logit, relative to the largest logit if that is above 1."""


def require_faithful(
    candidate: Candidate, engine: Engine, reference: Engine, signature: Signature, end: int | None = None
) -> None:
    """Compare a compiled form with the model it was made from, on random tokens.

    Parity with the reference is judged later, on real texts; this finds forms that are valid only for the batch they
    were made with.

    Args:
        candidate: the form.
        engine: runs it.
        reference: runs the model.
        signature: how to call both.
        end: the token that the model looks for at the end of a row; None if it looks for none.

    Raises:
        PreparationFailed: UnsupportedForm, the outputs differ, or the form fails.
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
    """Refuse a compiled form whose logits differ from the model's.

    Args:
        candidate: the form, and its precision.
        given: its logits.
        expected: the model's.
        what: what they were computed for, such as `2 rows`.

    Raises:
        PreparationFailed: UnsupportedForm, the logits differ.
    """
    difference = _difference(given, expected)
    if not difference <= _TOLERANCE[candidate.precision]:
        raise unsupported(
            f"the model's {candidate.format.value} form does not hold for {what}: logits differ by {difference:.2g}."
        )


def _difference(given: torch.Tensor, expected: torch.Tensor) -> float:
    """Largest difference, relative to the largest expected value if above 1; infinite if the shapes differ."""
    if given.shape != expected.shape:
        return float("inf")
    return float((given - expected).abs().max() / expected.abs().max().clamp(min=1))
