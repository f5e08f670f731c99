"""A conversation: reading its messages, and writing them as a model's chat template has them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import TemplateError
from transformers import PreTrainedTokenizerBase

from transformermodel_predictor.tasks.parameters import require_characters
from transformermodel_predictor.tasks.task import InvalidQuestion

Message = Mapping[str, Any]
"""At least the strings `role` and `content`; what else a template writes may be there too."""

_USUAL_ROLES = ("system", "user", "assistant")
_MARK = "5f2c81e6"
"""A text that no template has of its own."""

_FAULTS = (TemplateError, TypeError, ValueError, KeyError)
"""What a template raises of messages that it cannot write."""


def read_messages(value: object) -> tuple[Message, ...]:
    """A conversation from a list, or from its JSON.

    Raises:
        InvalidQuestion: it is no list of messages with role and content.
    """
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError) as error:
            raise InvalidQuestion(f"messages are not JSON: {error}", field="messages") from None
    if not isinstance(value, Sequence) or isinstance(value, str) or not value:
        raise InvalidQuestion("messages must be a list with at least one message", field="messages")
    for message in value:
        if (
            not isinstance(message, Mapping)
            or not isinstance(message.get("role"), str)
            or not isinstance(message.get("content"), str)
        ):
            raise InvalidQuestion("a message must be an object with the strings role and content", field="messages")
        for part in ("role", "content"):
            require_characters(f"the {part} of a message", message[part])
    return tuple(value)


def write_conversation(tokenizer: PreTrainedTokenizerBase, messages: Sequence[Message]) -> str:
    """A conversation as the tokenizer's chat template writes it, up to where the next message begins.

    Some templates pass over messages of roles that they do not know, without a word: those are refused too.

    Raises:
        InvalidQuestion: there is no template, or it cannot write these messages.
    """
    if not tokenizer.chat_template:
        raise InvalidQuestion("the model's tokenizer has no chat template for messages; send text", field="messages")
    try:
        text = _rendered(tokenizer, messages)
    except _FAULTS as error:
        raise InvalidQuestion(f"messages do not fit the model's chat template: {error}", field="messages") from error
    _require_written(tokenizer, [message["role"] for message in messages if message["content"].strip() not in text])
    require_characters("the conversation", text)
    return text


def _require_written(tokenizer: PreTrainedTokenizerBase, roles: Sequence[str]) -> None:
    """Pass where what these roles said was changed on its way, as by leaving out a train of thought, but not lost."""
    for role in dict.fromkeys(roles):
        if not _writes(tokenizer, role):
            written = [usual for usual in _USUAL_ROLES if _writes(tokenizer, usual)]
            raise InvalidQuestion(
                f"the model's chat template does not write what the role {role!r} says; "
                f"of the usual roles it writes {', '.join(written) or 'none'}",
                field="messages",
            )


def _writes(tokenizer: PreTrainedTokenizerBase, role: str) -> bool:
    """Whether the template writes what a role says: alone, before a user, or between a user's messages."""
    said, asked = {"role": role, "content": _MARK}, {"role": "user", "content": "?"}
    return any(_writes_mark(tokenizer, messages) for messages in ([said], [said, asked], [asked, said, asked]))


def _writes_mark(tokenizer: PreTrainedTokenizerBase, messages: Sequence[Message]) -> bool:
    try:
        return _MARK in _rendered(tokenizer, messages)
    except _FAULTS:
        return False


def _rendered(tokenizer: PreTrainedTokenizerBase, messages: Sequence[Message]) -> str:
    rendered = tokenizer.apply_chat_template(
        [dict(message) for message in messages], tokenize=False, add_generation_prompt=True
    )
    return str(rendered)
