"""How much of an explanation may run before a prediction has its turn."""

_SHORT_SECONDS = 0.008
"""A piece while predictions are asked for: about as long as one of a single text takes by itself."""
_LONG_SECONDS = 0.05
"""A piece otherwise; larger ones run no faster, and somebody may come."""
_FIRST_TOKENS = 128
_LEARNED = 0.3
"""Share of the newest piece in what is expected of the next."""


class Pace:
    """Tokens that run in a bounded time, learned from what ran.

    Args:
        least: tokens that a piece may always have.
    """

    def __init__(self, least: int = 0) -> None:
        self._least = least
        self._seconds_per_token: float | None = None

    def tokens(self, *, short: bool) -> int:
        """Most tokens of the next piece.

        Args:
            short: whether somebody waits for its end.
        """
        if self._seconds_per_token is None:
            return _FIRST_TOKENS
        return max(self._least, int((_SHORT_SECONDS if short else _LONG_SECONDS) / self._seconds_per_token))

    def learn(self, tokens: int, seconds: float) -> None:
        """A piece of so many tokens took so long."""
        if not tokens:
            return
        found, known = seconds / tokens, self._seconds_per_token
        self._seconds_per_token = found if known is None else known + _LEARNED * (found - known)
