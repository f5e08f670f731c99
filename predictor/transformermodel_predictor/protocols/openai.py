"""Writes responses of OpenAI's API: completions and chat completions, whole or streamed, models and errors. Pure."""

import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from transformermodel_predictor.generation.piece import Score
from transformermodel_predictor.protocols.errors import Refusal, UnknownModel
from transformermodel_predictor.protocols.openai_logprobs import chat_logprobs, completion_logprobs


@dataclass(frozen=True)
class Usage:
    """The number of tokens of a request and its answer.

    Attributes:
        prompt: tokens of the prompts, each counted once.
        completion: tokens of all choices.
        truncated: tokens cut from the beginning of the prompts.
    """

    prompt: int
    completion: int
    truncated: int = 0

    def document(self) -> dict[str, int]:
        """The member `usage`; with `truncated_tokens`, which is our own, only if a prompt was truncated."""
        counts = {
            "prompt_tokens": self.prompt,
            "completion_tokens": self.completion,
            "total_tokens": self.prompt + self.completion,
        }
        return counts | ({"truncated_tokens": self.truncated} if self.truncated else {})


@dataclass(frozen=True)
class Choice:
    """One answer to a prompt.

    Attributes:
        text: the generated text.
        finish_reason: `stop` or `length`.
        scores: log-probabilities of its tokens, written only if requested.
    """

    text: str
    finish_reason: str
    scores: Sequence[Score] = ()


class Form(Protocol):
    """The format of one of the two kinds of answers. A piece is one chunk of a stream."""

    prefix: ClassVar[str]
    """Prefix of the ids."""
    whole: ClassVar[str]
    """The member `object` of a whole answer."""
    part: ClassVar[str]
    """The member `object` of a piece."""

    def choice(self, text: str) -> dict[str, Any]:
        """The members of a whole choice that hold its text."""
        ...

    def opening(self) -> dict[str, Any] | None:
        """The members of a choice's first piece, before any text; None if there is no such piece."""
        ...

    def piece(self, text: str) -> dict[str, Any]:
        """The members of a piece that hold its text."""
        ...

    def logprobs(self, scores: Sequence[Score]) -> dict[str, Any]:
        """The member `logprobs` of a choice or a piece."""
        ...


class TextForm:
    """The format of completions."""

    prefix: ClassVar[str] = "cmpl"
    whole: ClassVar[str] = "text_completion"
    part: ClassVar[str] = "text_completion"

    def choice(self, text: str) -> dict[str, Any]:
        """The text."""
        return {"text": text}

    def opening(self) -> dict[str, Any] | None:
        """None: a stream begins with its first text."""
        return None

    def piece(self, text: str) -> dict[str, Any]:
        """The new text."""
        return {"text": text}

    def logprobs(self, scores: Sequence[Score]) -> dict[str, Any]:
        """Parallel lists, one entry per token."""
        return completion_logprobs(scores)


class ChatForm:
    """The format of chat completions."""

    prefix: ClassVar[str] = "chatcmpl"
    whole: ClassVar[str] = "chat.completion"
    part: ClassVar[str] = "chat.completion.chunk"

    def choice(self, text: str) -> dict[str, Any]:
        """The assistant's message."""
        return {"message": {"role": "assistant", "content": text, "refusal": None}}

    def opening(self) -> dict[str, Any] | None:
        """The role of the speaker."""
        return {"delta": {"role": "assistant", "content": ""}}

    def piece(self, text: str) -> dict[str, Any]:
        """The text added to the message."""
        return {"delta": {"content": text} if text else {}}

    def logprobs(self, scores: Sequence[Score]) -> dict[str, Any]:
        """A list of objects, one per token."""
        return chat_logprobs(scores)


@dataclass(frozen=True)
class Writer:
    """Writes the answer to one request.

    Attributes:
        form: the format.
        model: the model's name.
        usage: whether pieces have the member `usage`, which is null in all but the last.
        scored: whether to write log-probabilities; otherwise `logprobs` is null.
        id: random part of the answer's id.
        created: Unix time in seconds.
    """

    form: Form
    model: str
    usage: bool = False
    scored: bool = False
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    created: int = field(default_factory=lambda: int(time.time()))

    def answer(self, choices: Sequence[Choice], usage: Usage) -> dict[str, Any]:
        """The whole answer."""
        written = [
            {
                "index": index,
                **self.form.choice(choice.text),
                "logprobs": self.form.logprobs(choice.scores) if self.scored else None,
                "finish_reason": choice.finish_reason,
            }
            for index, choice in enumerate(choices)
        ]
        return {**self._head(self.form.whole), "choices": written, "usage": usage.document()}

    def opening(self, index: int) -> dict[str, Any] | None:
        """The piece before the first text of a choice, if the format has one."""
        members = self.form.opening()
        return None if members is None else self._piece(index, members, None)

    def piece(
        self, index: int, text: str, finish_reason: str | None = None, scores: Sequence[Score] = ()
    ) -> dict[str, Any]:
        """A piece with further text of a choice and the scores of its tokens; the last one has the finish reason."""
        return self._piece(index, self.form.piece(text), finish_reason, scores)

    def closing(self, usage: Usage) -> dict[str, Any]:
        """The last piece, with the usage, after all choices have ended."""
        return {**self._head(self.form.part), "choices": [], "usage": usage.document()}

    def _piece(
        self, index: int, members: Mapping[str, Any], finish_reason: str | None, scores: Sequence[Score] = ()
    ) -> dict[str, Any]:
        logprobs = self.form.logprobs(scores) if self.scored and scores else None
        choice = {"index": index, **members, "logprobs": logprobs, "finish_reason": finish_reason}
        return {**self._head(self.form.part), "choices": [choice], **({"usage": None} if self.usage else {})}

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": f"{self.form.prefix}-{self.id}", "object": kind, "created": self.created, "model": self.model}


def model_document(name: str, created: int) -> dict[str, Any]:
    """An entry in the list of models.

    Args:
        name: the model's name.
        created: Unix time in seconds since which it has been served.
    """
    return {"id": name, "object": "model", "created": created, "owned_by": "transformermodel"}


_TYPES = {401: "authentication_error", 429: "rate_limit_error"}
_CODES = {401: "invalid_api_key", 404: "not_found", 503: "unavailable"}
_UNKNOWN_MODEL = "model_not_found"
_OWN_NAMES = {"text": "prompt"}
"""OpenAI's names of fields to which tasks give other names."""


def error_document(refusal: Refusal) -> dict[str, Any]:
    """The body of an error; `param` names the member at fault, if it is a single one."""
    kind = _TYPES.get(refusal.status, "server_error" if refusal.status >= 500 else "invalid_request_error")
    code = _UNKNOWN_MODEL if refusal.cause is UnknownModel else _CODES.get(refusal.status)
    param = None if refusal.field is None else _OWN_NAMES.get(refusal.field, refusal.field)
    return {"error": {"message": refusal.message, "type": kind, "param": param, "code": code}}
