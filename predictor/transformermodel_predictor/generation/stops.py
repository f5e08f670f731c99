"""Texts at which generation ends, wherever the borders of the tokens are. Pure."""

from collections.abc import Sequence


class StopScanner:
    """Lets text through up to the first stop string, and holds back what may be the beginning of one.

    Args:
        stops: the stop strings; none of them is empty.
    """

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = tuple(stops)
        self._held = ""
        self.stopped = False
        """Whether a stop string has come. It and what follows is not let through."""

    def feed(self, text: str) -> str:
        """What may be told after this text has come."""
        if not self._stops or not text:
            return text
        text = self._held + text
        found = [(text.find(stop) + len(stop), -len(stop)) for stop in self._stops if stop in text]
        if found:
            self.stopped, self._held = True, ""
            end, before = min(found)  # the one that is complete first; of several, the longest
            return text[: end + before]
        kept = len(text) - max(_beginning(text, stop) for stop in self._stops)
        self._held = text[kept:]
        return text[:kept]

    def flush(self) -> str:
        """What was held back, when nothing follows any more."""
        held, self._held = self._held, ""
        return held


def _beginning(text: str, stop: str) -> int:
    """Length of the longest beginning of the stop string with which the text ends."""
    return next((size for size in range(min(len(text), len(stop) - 1), 0, -1) if text.endswith(stop[:size])), 0)
