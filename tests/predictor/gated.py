"""An engine that a test holds and releases, so that what happens while it is busy can be observed."""

import threading
from collections.abc import Sequence

import torch

from tests.predictor.tiny import LABELS
from transformermodel_predictor.tasks.task import Encoding, Outputs

PATIENCE_SECONDS = 240
"""A test that waits longer has failed; nothing takes this long."""


class GatedEngine:
    """Begins a step when it is called and ends it when the test says so.

    Its logits say what it was given: the first is the number of tokens.

    Attributes:
        steps: the encodings of each step, in order.
    """

    padding_free = False

    def __init__(self) -> None:
        self.steps: list[list[Encoding]] = []
        self.poison: frozenset[int] = frozenset()
        """Lengths at which a step fails."""
        self._begun = threading.Semaphore(0)
        self._released = threading.Semaphore(0)
        self._open = False

    @property
    def lengths(self) -> list[list[int]]:
        """Numbers of tokens in each step."""
        return [[len(encoding) for encoding in step] for step in self.steps]

    def run(self, batch: Sequence[Encoding]) -> list[Outputs]:
        self.steps.append(list(batch))
        self._begun.release()
        if not self._open:
            assert self._released.acquire(timeout=PATIENCE_SECONDS), "the test never released the engine"
        culprits = [len(encoding) for encoding in batch if len(encoding) in self.poison]
        if culprits:
            raise ArithmeticError(f"rows of {culprits} tokens")
        return [{"logits": torch.tensor([float(len(encoding)), *[0.0] * (len(LABELS) - 1)])} for encoding in batch]

    def wait_until_busy(self) -> None:
        """Return when a step has begun that was not waited for yet."""
        assert self._begun.acquire(timeout=PATIENCE_SECONDS), "the engine was never called"

    def release(self) -> None:
        """Let one step end."""
        self._released.release()

    def open(self) -> None:
        """Let all steps end, from now on."""
        self._open = True
        self._released.release()
