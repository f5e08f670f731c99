"""What stands between the server and a handler where a request has a form of its own."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

Handle = Callable[[Any, Any], Any]
"""A handler: rows and the context to answers."""


class BaseEnvelope(ABC):
    """Takes requests apart for a handler, and puts its answers together.

    Args:
        handle_fn: the handler.
    """

    def __init__(self, handle_fn: Handle) -> None:
        self._handle_fn = handle_fn
        self.context: Any = None

    def handle(self, data: Sequence[Any], context: Any) -> Any:
        """Answer a batch; what asks for a description has no such form and goes to the handler as it is.

        Args:
            data: [N] requests.
            context: of the batch.

        Returns:
            [N] answers.
        """
        self.context = context
        if context.get_request_header(0, "describe") == "True":
            return self._handle_fn(data, context)
        return self.format_output(self.ask(self.parse_input(data)))

    def ask(self, rows: Any) -> Any:
        """Have the handler answer rows."""
        return self._handle_fn(rows, self.context)

    @abstractmethod
    def parse_input(self, data: Any) -> Any:
        """The handler's rows of the requests."""

    @abstractmethod
    def format_output(self, data: Any) -> Any:
        """The requests' answers of the handler's."""
