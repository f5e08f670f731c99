"""Detects stop strings in streamed text, across token boundaries. Pure."""

from collections.abc import Sequence


class StopScanner:
    """Passes text on up to the first stop string, and holds back what may be the start of one.

    Args:
        stops: the stop strings, not empty.
    """

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = tuple(stops)
        self._held = ""
        self.stopped = False
        """Whether a stop string was found. It and the text after it are dropped."""

    def feed(self, text: str) -> str:
        """Feed the next text; returns what can be emitted."""
        if not self._stops or not text:
            return text
        text = self._held + text
        matches = [(text.find(stop) + len(stop), -len(stop)) for stop in self._stops if stop in text]
        if matches:
            self.stopped, self._held = True, ""
            end, negative_length = min(matches)  # the first to be complete; of several, the longest
            return text[: end + negative_length]
        safe = len(text) - max(_prefix_at_end(text, stop) for stop in self._stops)
        self._held = text[safe:]
        return text[:safe]

    def flush(self) -> str:
        """Take the text held back, at the end of generation."""
        held, self._held = self._held, ""
        return held


def _prefix_at_end(text: str, stop: str) -> int:
    """Length of the longest proper prefix of the stop string that the text ends with."""
    return next((size for size in range(min(len(text), len(stop) - 1), 0, -1) if text.endswith(stop[:size])), 0)
