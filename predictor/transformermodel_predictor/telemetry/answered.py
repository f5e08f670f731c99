"""What those who watch a request are told of its end."""

from typing import Protocol


class Answered(Protocol):
    """A request's answer.

    Attributes:
        status: its HTTP status, once the request is over.
    """

    status: int
