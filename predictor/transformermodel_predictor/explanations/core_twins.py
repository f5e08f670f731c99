"""Twins of one model for the cores of a machine: each takes gradients of rows of its own."""

import threading
from collections.abc import Callable, Sequence

import torch

from transformermodel_predictor.engines.cores import Cores
from transformermodel_predictor.engines.packed.shares import run_in_shares
from transformermodel_predictor.explanations.packed_twin import PackedTwin
from transformermodel_predictor.explanations.pauses import Pause
from transformermodel_predictor.explanations.rows import GradientRow, Result
from transformermodel_predictor.tasks.task import Encoding


class CoreTwins:
    """Runs rows in even shares, each on a core; in one pass on all cores where the shares would be uneven.

    Args:
        cores: of their own: predictions, which may come while a pass waits half done, run on others.
        make: makes a twin whose passes pause as they are told. All share the weights of one model.
        pause: called in the calling thread alone: between the layers of its own pass, or again and again while the
            cores' passes are under way, which halt meanwhile at the next layer.

    Raises:
        Exception: as `make`.
    """

    def __init__(self, cores: Cores, make: Callable[[Pause | None], PackedTwin], pause: Pause | None) -> None:
        self._cores = cores
        self._pause = pause or _go_on
        self._caller: int | None = None
        self._may_go_on = threading.Event()
        self._may_go_on.set()
        self._meanwhile = None if pause is None else self._halt
        between_layers = None if pause is None else self._between_layers
        self._twins = [make(between_layers) for _ in range(cores.count)]

    def embed(self, encoding: Encoding) -> torch.Tensor:
        """As one of them does."""
        return self._twins[0].embed(encoding)

    def run(self, rows: Sequence[GradientRow]) -> list[Result]:
        """One pass forward and back over each share.

        Raises:
            NotDifferentiable: an objective does not depend on the embeddings.
        """
        self._caller = threading.get_ident()
        lengths = [len(row.encoding) for row in rows]
        return run_in_shares(
            rows, lengths, self._cores, lambda number, share: self._twins[number].run(share), self._meanwhile
        )

    def _between_layers(self) -> None:
        if threading.get_ident() == self._caller:
            self._pause()
        else:
            self._may_go_on.wait()

    def _halt(self) -> None:
        self._may_go_on.clear()
        try:
            self._pause()
        finally:
            self._may_go_on.set()


def _go_on() -> None:
    """Nothing to pause for."""
