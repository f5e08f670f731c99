"""The best spans of a context, from the logits of where an answer starts and ends in each window. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

_FIRST = 64
"""How many spans are sorted at first; nearly always enough."""


@dataclass(frozen=True)
class WindowLogits:
    """What a model says of one window.

    Attributes:
        before: number of the context's tokens that stand before the window.
        start: float32 [tokens of the context in the window], for each how likely the answer starts there.
        end: the same for its end.
        no_answer: the logit of there being no answer: start and end at the token that stands for it.
    """

    before: int
    start: torch.Tensor
    end: torch.Tensor
    no_answer: float


@dataclass(frozen=True, eq=False)
class SpanLogits:
    """The logits of all spans of a context.

    Attributes:
        band: float32 [tokens, longest span]: at (first, more) the logit of the span from token `first` to token
            `first + more`; minus infinity where there is none, which is past the context's end, or across more than one
            window.
        no_answer: the logit of there being no answer; minus infinity where the model has no token for that.
    """

    band: torch.Tensor
    no_answer: float

    def probabilities(self, *, with_no_answer: bool) -> torch.Tensor:
        """float32 as `band`: the softmax over all spans, and over there being no answer if that is allowed."""
        total = self.band.flatten()
        if with_no_answer:
            total = torch.cat([total, torch.tensor([self.no_answer])])
        return (self.band - total.logsumexp(0)).exp() if self.band.numel() else self.band

    def no_answer_probability(self) -> float:
        """The probability that there is no answer, if that is allowed."""
        logits = torch.cat([self.band.flatten(), torch.tensor([self.no_answer])])
        return float((self.no_answer - logits.logsumexp(0)).exp()) if self.no_answer > -torch.inf else 0.0

    def best_first(self) -> Iterator[tuple[int, int]]:
        """All spans, as their first and their last token, the likeliest first."""
        logits, width = self.band.flatten(), self.band.shape[1] if self.band.numel() else 1
        size = min(_FIRST, len(logits))
        told: set[int] = set()  # of equals, a longer list may begin with others
        while len(told) < len(logits):
            values, indices = (found.tolist() for found in logits.topk(size))
            for value, index in zip(values, indices, strict=True):
                if value == -torch.inf:
                    return
                if index not in told:
                    told.add(index)
                    yield index // width, index // width + index % width
            size = min(size * 8, len(logits))


def join(windows: Sequence[WindowLogits], longest: int) -> SpanLogits:
    """The spans of all windows of a context, each as the window says that is surest of it.

    There is no answer only where no window has one, so the logit for that is the least of all windows'.

    Args:
        windows: in their order; together they have the whole context.
        longest: most tokens of a span.
    """
    tokens = max(window.before + len(window.start) for window in windows)
    band = torch.full((tokens, longest), -torch.inf)
    for window in (window for window in windows if len(window.start)):
        rows = band[window.before : window.before + len(window.start)]
        torch.maximum(rows, _band(window, longest), out=rows)
    return SpanLogits(band, min(window.no_answer for window in windows))


def _band(window: WindowLogits, longest: int) -> torch.Tensor:
    """The logits of the spans in a window, as in `SpanLogits.band`."""
    beyond = torch.full((longest - 1,), -torch.inf)
    ends = torch.cat([window.end.float(), beyond]).unfold(0, longest, 1)
    return window.start.float().unsqueeze(1) + ends
