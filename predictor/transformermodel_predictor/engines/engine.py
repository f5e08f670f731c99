"""The interface of an engine: one way to run a model."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

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


@runtime_checkable
class Shaped(Protocol):
    """An engine that brings batches into shapes of its own, so that a step may cost more than its longest row says."""

    def computed(self, lengths: Sequence[int]) -> int:
        """How many tokens a step of rows of these lengths computes, padding included."""
        ...


@runtime_checkable
class Recorded(Protocol):
    """An engine that records what it does, once it has run, and reads recordings that lie beside its weights."""

    def recordings_text(self) -> str | None:
        """The content of the file for its recordings; None where there is none to store."""
        ...


def computed_tokens(engine: Engine, lengths: Sequence[int]) -> int:
    """How many tokens a step computes, padding included.

    Args:
        engine: that runs it.
        lengths: numbers of tokens of its rows, of which there is at least one.
    """
    if isinstance(engine, Shaped):
        return engine.computed(lengths)
    return sum(lengths) if engine.padding_free else max(lengths) * len(lengths)
