"""What becomes of a conversation with templates as models have them."""

import pytest

from tests.predictor.tiny_language import make_language_tokenizer
from transformermodel_predictor.tasks.conversation import read_messages, write_conversation
from transformermodel_predictor.tasks.task import InvalidQuestion

EVERY_ROLE = "{% for m in messages %}<{{ m.role }}>{{ m.content | trim }}{% endfor %}<assistant>"
"""As ChatML has it."""
TWO_ROLES = (
    "{% for m in messages %}{% if m.role == 'user' %}[{{ m.content }}]{% elif m.role == 'assistant' %}{{ m.content }}"
    "{% endif %}{% endfor %}"
)
"""Passes over what others say."""
STRICT = (
    "{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    "{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Roles must alternate') }}{% endif %}<{{ m.role }}>{{ m.content }}{% endfor %}"
)
"""As Gemma has it."""


def said(*messages: tuple[str, str]) -> list[dict[str, str]]:
    return [{"role": role, "content": content} for role, content in messages]


def test_a_conversation_is_written_by_the_template() -> None:
    messages = said(("system", "be brief"), ("critic", " the fox? "), ("user", ""))

    text = write_conversation(make_language_tokenizer(EVERY_ROLE), messages)

    assert text == "<system>be brief<critic>the fox?<user><assistant>"


def test_a_model_without_a_template_reads_none() -> None:
    with pytest.raises(InvalidQuestion, match="no chat template for messages; send text"):
        write_conversation(make_language_tokenizer(None), said(("user", "the fox?")))


@pytest.mark.parametrize("role", ["critic", "system"])
def test_who_speaks_in_a_role_that_the_template_passes_over_is_told_which_there_are(role: str) -> None:
    messages = said((role, "be brief"), ("user", "the fox?"))

    with pytest.raises(InvalidQuestion) as refused:
        write_conversation(make_language_tokenizer(TWO_ROLES), messages)

    assert refused.value.field == "messages"
    assert str(refused.value) == (
        f"the model's chat template does not write what the role {role!r} says; "
        "of the usual roles it writes user, assistant"
    )


def test_a_template_that_writes_no_texts_at_all_says_so() -> None:
    of_parts = "{% for m in messages %}{% for part in m.content %}{{ part.text }}{% endfor %}{% endfor %}"

    with pytest.raises(InvalidQuestion, match="of the usual roles it writes none"):
        write_conversation(make_language_tokenizer(of_parts), said(("user", "the fox?")))


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        (said(("system", "be brief"), ("user", "the fox?")), "System role not supported"),
        (said(("user", "the fox?"), ("user", "?")), "Roles must alternate"),
    ],
)
def test_messages_that_the_template_refuses_are_the_clients_mistake(
    messages: list[dict[str, str]], reason: str
) -> None:
    with pytest.raises(InvalidQuestion, match=f"^messages do not fit the model's chat template: {reason}$"):
        write_conversation(make_language_tokenizer(STRICT), messages)


def test_a_template_that_changes_what_is_said_writes_it_nevertheless() -> None:
    template = EVERY_ROLE.replace("m.content | trim", "m.content.split('</think>')[-1]")

    text = write_conversation(
        make_language_tokenizer(template), said(("assistant", "so</think>the fox"), ("user", "?"))
    )

    assert text == "<assistant>the fox<user>?<assistant>"


def test_half_of_a_character_is_refused_wherever_the_template_writes_it() -> None:
    messages = read_messages('[{"role": "user", "content": "a", "name": "\\udd8a"}]')

    with pytest.raises(InvalidQuestion, match="the conversation has half of a character"):
        write_conversation(make_language_tokenizer("{{ messages[0].name }}{{ messages[0].content }}"), messages)


def test_json_that_is_nested_deeper_than_can_be_read_is_refused() -> None:
    with pytest.raises(InvalidQuestion, match="messages are not JSON"):
        read_messages("[" * 100_000)
