"""The envelope `body`: handlers get the request bodies, not wrapped in rows."""

from collections.abc import Sequence
from typing import Any

from ts.torch_handler.explained_row import input_of
from ts.torch_handler.request_envelope.base import BaseEnvelope


class BodyEnvelope(BaseEnvelope):
    """Rows are bodies."""

    def parse_input(self, data: Sequence[Any]) -> list[Any]:
        """The bodies of the requests."""
        return [input_of(row) for row in data]

    def format_output(self, data: Any) -> Any:
        """The handler's answers."""
        return data
