"""A differentiable twin per CPU core, which share the weights and divide the rows of a pass."""

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
    """Splits rows into even shares, one per core; runs them in one pass over all cores where they do not split evenly.

    Args:
        cores: reserved for explanations: predictions may run while a pass is paused, and need threads of their own.
        make: builds a twin that calls the given pause between layers. All twins share one model's weights.
        pause: called in the calling thread only: between the layers of its own pass, or repeatedly while passes run on
            the cores, which then stop at their next layer until it returns.

    Raises:
        Exception: whatever `make` raises.
    """

    def __init__(self, cores: Cores, make: Callable[[Pause | None], PackedTwin], pause: Pause | None) -> None:
        self._cores = cores
        self._pause = pause or _do_not_pause
        self._caller: int | None = None
        self._may_go_on = threading.Event()
        self._may_go_on.set()
        self._meanwhile = None if pause is None else self._halt
        between_layers = None if pause is None else self._between_layers
        self._twins = [make(between_layers) for _ in range(cores.count)]

    def embed(self, encoding: Encoding) -> torch.Tensor:
        """See `Twin.embed`."""
        return self._twins[0].embed(encoding)

    def run(self, rows: Sequence[GradientRow]) -> list[Result]:
        """One forward and backward pass over each share.

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


def _do_not_pause() -> None:
    """Stands in for the pause where none is wanted."""
