"""The interface of an engine: one way to run a model."""

from collections.abc import Sequence
from typing import Protocol

from transformermodel_predictor.tasks.task import Encoding, Outputs


class Engine(Protocol):
    """A model, loaded and ready to run.

    Engines receive encodings without padding, so that each decides for itself how a batch is laid out. They are
    called from one thread at a time and never from the event loop.

    Attributes:
        padding_free: whether a step costs its tokens alone; otherwise every row costs as much as the longest.
    """

    padding_free: bool

    def run(self, batch: Sequence[Encoding]) -> list[Outputs]:
        """Run one forward pass; one result per encoding, in their order, on the CPU and in float32; none for none.

        Outputs with a row per token may have further rows for padding after those of the encoding.
        """
        ...
