"""The interface of an engine: one way to run a model."""

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from transformermodel_predictor.tasks.task import Encoding, Outputs


class Engine(Protocol):
    """A model, loaded and ready to run.

    Engines receive unpadded encodings, so that each decides on its own batch layout. They are called from one thread at
    a time and never from the event loop.

    Attributes:
        padding_free: whether a step costs only its tokens; otherwise every row costs as much as the longest.
    """

    padding_free: bool

    def run(self, batch: Sequence[Encoding]) -> list[Outputs]:
        """Run one forward pass; returns one result per encoding, in order, on the CPU in float32; none for none.

        Outputs with a row per token may have extra rows for padding after those of the encoding.
        """
        ...


@runtime_checkable
class Shaped(Protocol):
    """An engine that pads batches to shapes of its own, so that a step may cost more than its longest row implies."""

    def computed(self, lengths: Sequence[int]) -> int:
        """Number of tokens that a step with rows of these lengths computes, including padding."""
        ...


@runtime_checkable
class Recorded(Protocol):
    """An engine that records its passes as it first runs, and reads recordings stored beside its weights."""

    def recordings_text(self) -> str | None:
        """Content of the recordings file; None if there is nothing to store."""
        ...


def computed_by(engine: Engine) -> Callable[[Sequence[int]], int]:
    """The function that counts the tokens which a step of an engine computes, including padding.

    It takes the token counts of the step's rows, at least one. It is found once per engine, because comparing an engine
    with a protocol takes longer than counting.
    """
    if isinstance(engine, Shaped):
        return engine.computed
    return sum if engine.padding_free else _with_padding


def _with_padding(lengths: Sequence[int]) -> int:
    return max(lengths) * len(lengths)
