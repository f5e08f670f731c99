"""The best spans of a context, from the logits of where an answer starts and ends in each window. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

_FIRST_SORTED = 64
"""How many of the best spans are sorted at first; nearly always enough."""


@dataclass(frozen=True)
class WindowLogits:
    """The logits of one window.

    Attributes:
        before: number of the context's tokens before the window.
        start: float32 [tokens of the context in the window], the logit of an answer that starts at each.
        end: float32, likewise for its end.
        no_answer: the logit of no answer: that of a start and an end at the special token which stands for it.
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
            `first + more`; minus infinity if there is no such span, past the context's end or in no single window.
        no_answer: the logit of no answer; minus infinity if the model has no token for that.
    """

    band: torch.Tensor
    no_answer: float

    def probabilities(self, *, with_no_answer: bool) -> torch.Tensor:
        """float32, shaped like `band`: the softmax over all spans, and over no answer if that is allowed."""
        total = self.band.flatten()
        if with_no_answer:
            total = torch.cat([total, torch.tensor([self.no_answer])])
        return (self.band - total.logsumexp(0)).exp() if self.band.numel() else self.band

    def no_answer_probability(self) -> float:
        """The probability that there is no answer, if that is allowed."""
        logits = torch.cat([self.band.flatten(), torch.tensor([self.no_answer])])
        return float((self.no_answer - logits.logsumexp(0)).exp()) if self.no_answer > -torch.inf else 0.0

    def best_first(self) -> Iterator[tuple[int, int]]:
        """All spans as pairs of their first and last token, most probable first."""
        logits, width = self.band.flatten(), self.band.shape[1] if self.band.numel() else 1
        size = min(_FIRST_SORTED, len(logits))
        yielded: set[int] = set()  # a longer list may order equal logits differently
        while len(yielded) < len(logits):
            values, indices = (column.tolist() for column in logits.topk(size))
            for value, index in zip(values, indices, strict=True):
                if value == -torch.inf:
                    return
                if index not in yielded:
                    yielded.add(index)
                    yield index // width, index // width + index % width
            size = min(size * 8, len(logits))


def join(windows: Sequence[WindowLogits], longest: int) -> SpanLogits:
    """Merge the spans of all windows of a context; each gets its largest logit in any window.

    There is no answer only if no window has one, so the logit of no answer is the smallest of all windows'.

    Args:
        windows: in their order; together they cover the whole context.
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
