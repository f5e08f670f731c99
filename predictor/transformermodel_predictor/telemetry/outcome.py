"""The outcome of a request, for those who measure and trace it."""

from typing import Protocol


class Outcome(Protocol):
    """The outcome of a request.

    Attributes:
        status: the HTTP status of the answer, once the request is over.
    """

    status: int
