"""The base class of envelopes, which translate between a request format and a handler's rows."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

Handle = Callable[[Any, Any], Any]
"""A handler: takes rows and the context, returns answers."""


class BaseEnvelope(ABC):
    """Unpacks requests into rows for a handler, and packs its answers into responses.

    Args:
        handle_fn: the handler.
    """

    def __init__(self, handle_fn: Handle) -> None:
        self._handle_fn = handle_fn
        self.context: Any = None

    def handle(self, data: Sequence[Any], context: Any) -> Any:
        """Answer a batch; requests for a description are not in this format and go to the handler unchanged.

        Args:
            data: [N] requests.
            context: the batch's context.

        Returns:
            [N] answers.
        """
        self.context = context
        if context.get_request_header(0, "describe") == "True":
            return self._handle_fn(data, context)
        return self.format_output(self.ask(self.parse_input(data)))

    def ask(self, rows: Any) -> Any:
        """Call the handler on rows."""
        return self._handle_fn(rows, self.context)

    @abstractmethod
    def parse_input(self, data: Any) -> Any:
        """Convert requests to the handler's rows."""

    @abstractmethod
    def format_output(self, data: Any) -> Any:
        """Convert the handler's answers to those of the requests."""
