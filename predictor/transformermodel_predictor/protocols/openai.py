"""Answers of OpenAI's API: completions, chat completions, whole or in pieces, models and errors. Pure."""

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
    """Tokens that an answer took.

    Attributes:
        prompt: tokens of the prompts, each counted once.
        completion: tokens of all choices.
        truncated: tokens at the beginning of the prompts that the model did not see.
    """

    prompt: int
    completion: int
    truncated: int = 0

    def document(self) -> dict[str, int]:
        """As clients read it; what was cut is told where there is any."""
        counted = {
            "prompt_tokens": self.prompt,
            "completion_tokens": self.completion,
            "total_tokens": self.prompt + self.completion,
        }
        return counted | ({"truncated_tokens": self.truncated} if self.truncated else {})


@dataclass(frozen=True)
class Choice:
    """One answer.

    Attributes:
        text: what was generated.
        finish_reason: why it ends.
        scores: of its tokens; not written where no log-probabilities are wanted.
    """

    text: str
    finish_reason: str
    scores: Sequence[Score] = ()


class Form(Protocol):
    """How one of the two kinds of answers is written."""

    prefix: ClassVar[str]
    """Of their ids."""
    whole: ClassVar[str]
    """The kind of object of a whole answer."""
    part: ClassVar[str]
    """The kind of object of a piece."""

    def choice(self, text: str) -> dict[str, Any]:
        """The members of a whole choice that hold its text."""
        ...

    def opening(self) -> dict[str, Any] | None:
        """The members of a choice's first piece, before there is any text; None where there is no such piece."""
        ...

    def piece(self, text: str) -> dict[str, Any]:
        """The members of a piece that hold its text."""
        ...

    def logprobs(self, scores: Sequence[Score]) -> dict[str, Any]:
        """The log-probabilities of a choice or a piece."""
        ...


class TextForm:
    """Completions."""

    prefix: ClassVar[str] = "cmpl"
    whole: ClassVar[str] = "text_completion"
    part: ClassVar[str] = "text_completion"

    def choice(self, text: str) -> dict[str, Any]:
        """The text."""
        return {"text": text}

    def opening(self) -> dict[str, Any] | None:
        """There is none."""
        return None

    def piece(self, text: str) -> dict[str, Any]:
        """The text that is new."""
        return {"text": text}

    def logprobs(self, scores: Sequence[Score]) -> dict[str, Any]:
        """Lists."""
        return completion_logprobs(scores)


class ChatForm:
    """Chat completions."""

    prefix: ClassVar[str] = "chatcmpl"
    whole: ClassVar[str] = "chat.completion"
    part: ClassVar[str] = "chat.completion.chunk"

    def choice(self, text: str) -> dict[str, Any]:
        """The assistant's message."""
        return {"message": {"role": "assistant", "content": text, "refusal": None}}

    def opening(self) -> dict[str, Any] | None:
        """Who speaks."""
        return {"delta": {"role": "assistant", "content": ""}}

    def piece(self, text: str) -> dict[str, Any]:
        """What is added to the message."""
        return {"delta": {"content": text} if text else {}}

    def logprobs(self, scores: Sequence[Score]) -> dict[str, Any]:
        """Objects."""
        return chat_logprobs(scores)


@dataclass(frozen=True)
class Writer:
    """Writes the answer to one request.

    Attributes:
        form: of which kind it is.
        model: the model's name.
        usage: whether pieces have the member `usage`, which is null in all but the last.
        scored: whether log-probabilities are written; null stands in their place otherwise.
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
        """What comes before the first text of a choice, if anything."""
        members = self.form.opening()
        return None if members is None else self._piece(index, members, None)

    def piece(
        self, index: int, text: str, finish_reason: str | None = None, scores: Sequence[Score] = ()
    ) -> dict[str, Any]:
        """Further text of a choice with the scores of its tokens, and, in its last piece, why it ends."""
        return self._piece(index, self.form.piece(text), finish_reason, scores)

    def closing(self, usage: Usage) -> dict[str, Any]:
        """The tokens, after all choices have ended."""
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
    """A model in the list of models.

    Args:
        name: the model's name.
        created: since when it is served, in seconds since 1970.
    """
    return {"id": name, "object": "model", "created": created, "owned_by": "transformermodel"}


_TYPES = {401: "authentication_error", 429: "rate_limit_error"}
_CODES = {401: "invalid_api_key", 404: "not_found", 503: "unavailable"}
_UNKNOWN_MODEL = "model_not_found"
_OWN_NAMES = {"text": "prompt"}
"""OpenAI's names of fields that tasks call otherwise."""


def error_document(refusal: Refusal) -> dict[str, Any]:
    """An error as OpenAI's clients read it; `param` names what of the request is at fault, where it is one member."""
    kind = _TYPES.get(refusal.status, "server_error" if refusal.status >= 500 else "invalid_request_error")
    code = _UNKNOWN_MODEL if refusal.cause is UnknownModel else _CODES.get(refusal.status)
    param = None if refusal.field is None else _OWN_NAMES.get(refusal.field, refusal.field)
    return {"error": {"message": refusal.message, "type": kind, "param": param, "code": code}}
