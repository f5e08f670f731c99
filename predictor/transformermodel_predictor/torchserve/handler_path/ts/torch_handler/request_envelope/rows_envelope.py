"""An envelope whose requests may have several rows each."""

import json
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

from ts.torch_handler.explained_row import input_of
from ts.torch_handler.request_envelope.base import BaseEnvelope
from ts.torch_handler.request_envelope.spreading import spread_rows


class InvalidRequest(Exception):
    """A request is not in the envelope's format; the message tells the client what is wrong."""


class RowsEnvelope(BaseEnvelope):
    """Answers the rows of all requests together, and each request with the answers to its own rows.

    A request in another format is answered 400 and does not affect the others.
    """

    def parse_input(self, data: Sequence[Any]) -> list[Any]:
        """The rows of all requests, in order."""
        self._origins: list[int] = []
        self._refused: dict[int, str] = {}
        self._requests = len(data)
        rows: list[Any] = []
        for index, request in enumerate(data):
            try:
                found = self.read(index, body_of(request))
            except InvalidRequest as error:
                self._refused[index] = str(error)
            else:
                rows += found
                self._origins += [index] * len(found)
        return rows

    def ask(self, rows: Any) -> Any:
        """Call the handler on all rows, if there are any."""
        return self._asked(rows, self._origins)

    def _asked(self, rows: Sequence[Any], origins: Sequence[int]) -> list[Any]:
        if not rows:
            return []
        with spread_rows(self.context, origins):
            answers = self._handle_fn(rows, self.context)
        if not isinstance(answers, list) or len(answers) != len(rows):
            found = f"{len(answers)} answers" if isinstance(answers, list) else f"a {type(answers).__name__}"
            raise ValueError(
                f"number of batch response mismatched: the handler was given {len(rows)} rows, and gave {found}"
            )
        return answers

    def format_output(self, data: Sequence[Any]) -> list[Any]:
        """The requests' answers, each made from the answers to its rows."""
        answers: list[list[Any]] = [[] for _ in range(self._requests)]
        for origin, answer in zip(self._origins, data, strict=True):
            answers[origin].append(answer)
        return [
            self._refusal(index, self._refused[index]) if index in self._refused else self.write(index, given)
            for index, given in enumerate(answers)
        ]

    def _refusal(self, index: int, reason: str) -> str:
        self.context.set_response_status(code=400, phrase="Bad Request", idx=index)
        return reason

    def is_explanation(self, index: int) -> bool:
        """Whether a request asks for an explanation."""
        return bool(self.context.get_request_header(index, "explain") == "True")

    @abstractmethod
    def read(self, index: int, body: Any) -> list[Any]:
        """The rows of a request.

        Raises:
            InvalidRequest: it is in another format.
        """

    @abstractmethod
    def write(self, index: int, answers: list[Any]) -> Any:
        """A request's answer, made from the answers to its rows."""


def body_of(request: Any) -> Any:
    """The request's body, parsed as JSON unless the server has done so.

    Raises:
        InvalidRequest: it is not JSON.
    """
    body = input_of(request)
    if body is None:
        return request
    if isinstance(body, bytes | bytearray | str):
        try:
            return json.loads(body)
        except ValueError as error:
            raise InvalidRequest(f"the body is not JSON: {error}") from error
    return body


def instances_of(body: Any) -> list[Any]:
    """The instances of a request of KServe's first protocol.

    Raises:
        InvalidRequest: it has no list of instances.
    """
    instances = body.get("instances") if isinstance(body, dict) else None
    if not isinstance(instances, list):
        raise InvalidRequest("the body must be an object with a list `instances`")
    return instances
