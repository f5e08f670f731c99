"""How many tokens of an explanation may run in one piece before predictions get their turn."""

_SHORT_SECONDS = 0.008
"""Target duration of a piece while predictions arrive: about that of one short prediction."""
_LONG_SECONDS = 0.05
"""Target duration otherwise; longer pieces are no more efficient, and a prediction may arrive."""
_FIRST_TOKENS = 128
_LEARNED = 0.3
"""Weight of the newest measurement in the moving average."""


class Pace:
    """Number of tokens that run within a target duration, learned from measured pieces.

    Args:
        least: smallest number of tokens to return.
    """

    def __init__(self, least: int = 0) -> None:
        self._least = least
        self._seconds_per_token: float | None = None

    def tokens(self, *, short: bool) -> int:
        """Largest number of tokens for the next piece.

        Args:
            short: whether predictions are waiting.
        """
        if self._seconds_per_token is None:
            return _FIRST_TOKENS
        return max(self._least, int((_SHORT_SECONDS if short else _LONG_SECONDS) / self._seconds_per_token))

    def learn(self, tokens: int, seconds: float) -> None:
        """Update the average with the duration of a piece."""
        if not tokens:
            return
        measured, average = seconds / tokens, self._seconds_per_token
        self._seconds_per_token = measured if average is None else average + _LEARNED * (measured - average)
