"""Conversations: reads their messages, and renders them with a model's chat template."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import TemplateError
from transformers import PreTrainedTokenizerBase

from transformermodel_predictor.tasks.parameters import require_characters
from transformermodel_predictor.tasks.task import InvalidQuestion

Message = Mapping[str, Any]
"""A message: at least the strings `role` and `content`, and whatever else a chat template uses."""

_USUAL_ROLES = ("system", "user", "assistant")
_MARK = "5f2c81e6"
"""A text that no chat template contains."""

_TEMPLATE_ERRORS = (TemplateError, TypeError, ValueError, KeyError)
"""Raised by a chat template for messages that it cannot render."""


def read_messages(value: object) -> tuple[Message, ...]:
    """Read a conversation from a list of messages, or from its JSON.

    Raises:
        InvalidQuestion: the value is not a list of messages with role and content.
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
    """Render a conversation with the tokenizer's chat template, up to where the assistant's next message begins.

    Some templates silently skip messages of roles that they do not know: such a conversation is refused, too.

    Raises:
        InvalidQuestion: there is no chat template, or it cannot render these messages.
    """
    if not tokenizer.chat_template:
        raise InvalidQuestion("the model's tokenizer has no chat template for messages; send text", field="messages")
    try:
        text = _rendered(tokenizer, messages)
    except _TEMPLATE_ERRORS as error:
        raise InvalidQuestion(f"messages do not fit the model's chat template: {error}", field="messages") from error
    _require_written(tokenizer, [message["role"] for message in messages if message["content"].strip() not in text])
    require_characters("the conversation", text)
    return text


def _require_written(tokenizer: PreTrainedTokenizerBase, roles: Sequence[str]) -> None:
    """Refuse roles whose messages the template skips; it may change them, as by leaving out a train of thought."""
    for role in dict.fromkeys(roles):
        if not _writes(tokenizer, role):
            written = [usual for usual in _USUAL_ROLES if _writes(tokenizer, usual)]
            raise InvalidQuestion(
                f"the model's chat template does not write what the role {role!r} says; "
                f"of the usual roles it writes {', '.join(written) or 'none'}",
                field="messages",
            )


def _writes(tokenizer: PreTrainedTokenizerBase, role: str) -> bool:
    """Whether the template renders a role's message: alone, before a user's, or between two of a user's."""
    marked, user = {"role": role, "content": _MARK}, {"role": "user", "content": "?"}
    return any(_writes_mark(tokenizer, messages) for messages in ([marked], [marked, user], [user, marked, user]))


def _writes_mark(tokenizer: PreTrainedTokenizerBase, messages: Sequence[Message]) -> bool:
    try:
        return _MARK in _rendered(tokenizer, messages)
    except _TEMPLATE_ERRORS:
        return False


def _rendered(tokenizer: PreTrainedTokenizerBase, messages: Sequence[Message]) -> str:
    rendered = tokenizer.apply_chat_template(
        [dict(message) for message in messages], tokenize=False, add_generation_prompt=True
    )
    return str(rendered)
