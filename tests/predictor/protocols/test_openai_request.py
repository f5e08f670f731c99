"""Every field of OpenAI's requests is honoured, changes nothing, or is refused by its name."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from openai.types import completion_create_params as completions
from openai.types.chat import completion_create_params as chat
from openai.types.chat.chat_completion_stream_options_param import ChatCompletionStreamOptionsParam

from transformermodel_predictor.protocols.errors import InvalidRequest, TooManyRows
from transformermodel_predictor.protocols.openai_request import CompletionRequest, read_chat, read_completion
from transformermodel_predictor.protocols.openai_schemas import OPENAI_SCHEMAS

COMPLETION: dict[str, Any] = {"model": "writer", "prompt": "the"}
CHAT: dict[str, Any] = {"model": "writer", "messages": [{"role": "user", "content": "the"}]}

HONOURED: dict[str, Any] = {
    "echo": True,
    "logprobs": True,
    "max_completion_tokens": 5,
    "max_tokens": 5,
    "n": 2,
    "seed": 7,
    "stop": ["."],
    "temperature": 0.5,
    "top_p": 0.5,
}
"""Values that change what is asked."""

OF_NO_EFFECT: dict[str, Any] = {
    "metadata": {"a": "b"},
    "moderation": {"model": "a"},
    "parallel_tool_calls": True,
    "prompt_cache_key": "a",
    "prompt_cache_options": {},
    "prompt_cache_retention": "24h",
    "reasoning_effort": "low",
    "safety_identifier": "a",
    "service_tier": "auto",
    "store": True,
    "user": "a",
    "verbosity": "low",
}

REFUSED: dict[str, Any] = {
    "audio": {"voice": "alloy", "format": "wav"},
    "best_of": 3,
    "frequency_penalty": 0.5,
    "function_call": {"name": "look"},
    "functions": [{"name": "look"}],
    "logit_bias": {"50256": -100},
    "modalities": ["text", "audio"],
    "prediction": {"type": "content", "content": "a"},
    "presence_penalty": -0.5,
    "response_format": {"type": "json_object"},
    "stream_options": {"include_usage": True},
    "suffix": "end",
    "tool_choice": "required",
    "tools": [{"type": "function", "function": {"name": "look"}}],
    "top_logprobs": 2,
    "web_search_options": {},
}
"""Values that ask for what is not done, or not without another field."""


@pytest.mark.parametrize(
    ("read", "least", "declared"),
    [
        (read_completion, COMPLETION, completions.CompletionCreateParamsBase.__annotations__),
        (read_chat, CHAT, chat.CompletionCreateParamsBase.__annotations__),
    ],
    ids=["completion", "chat"],
)
def test_no_field_of_the_clients_own_types_is_ignored_in_silence(
    read: Callable[[object], CompletionRequest], least: Mapping[str, Any], declared: Mapping[str, object]
) -> None:
    plain = read(least)
    for name in declared.keys() - least.keys():
        if name in HONOURED:
            value = 2 if name == "logprobs" and read is read_completion else HONOURED[name]
            assert read({**least, name: value}) != plain, name
        elif name in OF_NO_EFFECT:
            assert read({**least, name: OF_NO_EFFECT[name]}) == plain, name
        else:
            with pytest.raises(InvalidRequest, match=name) as refused:
                read({**least, name: REFUSED[name]})
            assert refused.value.field == name
        assert read({**least, name: None}) == plain, name


def test_how_a_stream_is_wanted() -> None:
    def read(**options: object) -> CompletionRequest:
        return read_chat({**CHAT, "stream": True, "stream_options": options})

    assert set(ChatCompletionStreamOptionsParam.__annotations__) == {"include_usage", "include_obfuscation"}
    assert read(include_usage=True, include_obfuscation=False).usage
    assert not read().usage
    for name in ("include_obfuscation", "colour"):
        with pytest.raises(InvalidRequest, match=rf"stream_options\.{name} is not") as refused:
            read(**{name: True})
        assert refused.value.field == f"stream_options.{name}"
    with pytest.raises(InvalidRequest, match=r"stream_options\.include_usage must be true or false"):
        read(include_usage="yes")


def test_parameters_are_left_to_the_task_as_the_client_calls_them() -> None:
    given = {"max_completion_tokens": 5, "max_tokens": {}, "min_tokens": 2, "top_k": "a", "temperature": 0}
    assert read_chat({**CHAT, **given}).parameters == {"return_full_text": False, **given}


def test_a_stop_that_looks_like_a_list_is_one_text() -> None:
    assert read_completion({**COMPLETION, "stop": "[]"}).parameters["stop"] == ["[]"]
    assert read_completion({**COMPLETION, "stop": ["[]", "."]}).parameters["stop"] == ["[]", "."]


@pytest.mark.parametrize(("seed", "own"), [(-1, 2**63 - 1), (-(2**63), 0), (7, 7), (2**63, 2**63), (True, True)])
def test_signed_seeds_are_seeds_too(seed: int, own: int) -> None:
    assert read_completion({**COMPLETION, "seed": seed}).parameters["seed"] == own


class TestMessages:
    def test_a_name_goes_to_the_chat_template(self) -> None:
        message = {"role": "user", "content": "the", "name": "ann"}
        assert read_chat({**CHAT, "messages": [message]}).prompts == ({"messages": [message]},)

    def test_an_answer_of_this_server_can_be_sent_back(self) -> None:
        nothing: dict[str, Any] = {"refusal": None, "annotations": [], "audio": None, "tool_calls": []}
        assert read_chat({**CHAT, "messages": [{"role": "assistant", "content": "fox", **nothing}]}).prompts == (
            {"messages": [{"role": "assistant", "content": "fox"}]},
        )

    def test_developers_speak_as_the_system_whatever_a_template_calls_it(self) -> None:
        said = [{"role": role, "content": "a"} for role in ("developer", "system", "user", "assistant")]
        (prompt,) = read_chat({**CHAT, "messages": said}).prompts
        assert [message["role"] for message in prompt["messages"]] == ["system", "system", "user", "assistant"]

    def test_the_roles_that_are_described_are_those_that_are_read(self) -> None:
        messages = OPENAI_SCHEMAS["ChatRequest"]["properties"]["messages"]
        described = messages["items"]["properties"]["role"]["enum"]
        assert set(described) == {"developer", "system", "user", "assistant"}
        for role in described:
            assert read_chat({**CHAT, "messages": [{"role": role, "content": "a"}]}).prompts

    @pytest.mark.parametrize(
        ("message", "words", "field"),
        [
            (
                {"role": "usr", "content": "a"},
                r"the role of messages\[0\] must be one of developer, system, user, assistant$",
                "messages[0].role",
            ),
            ({"role": "user"}, r"the content of messages\[0\] must be a string", "messages[0].content"),
            (
                {"role": "assistant", "content": "a", "refusal": "no"},
                r"refusal of messages\[0\] is not supported",
                "messages[0].refusal",
            ),
            (
                {"role": "user", "content": "a", "name": 3},
                r"the name of messages\[0\] must be a string",
                "messages[0].name",
            ),
            ({"role": "tool", "content": "a", "tool_call_id": "b"}, "uses tools", "messages[0]"),
        ],
        ids=str,
    )
    def test_what_is_not_read_is_refused(self, message: dict[str, Any], words: str, field: str) -> None:
        with pytest.raises(InvalidRequest, match=words) as refused:
            read_chat({**CHAT, "messages": [message]})
        assert refused.value.field == field


def test_prompts_are_counted_before_they_are_read_once_for_each_choice() -> None:
    assert len(read_completion({**COMPLETION, "prompt": ["a", "b"], "n": 2}, most_rows=4).prompts) == 2
    for asked in ({"prompt": ["a", "b"], "n": 3}, {"prompt": [[1]] * 5}, {"n": 5}):
        with pytest.raises(TooManyRows, match="prompts"):
            read_completion({**COMPLETION, **asked}, most_rows=4)


@pytest.mark.parametrize(("prompt", "tokens"), [([7, 8, 9], ([7, 8, 9],)), ([[7], [8, 9]], ([7], [8, 9]))])
def test_a_prompt_may_be_token_ids_and_is_one_prompt_however_many_it_has(
    prompt: list[Any], tokens: tuple[list[int], ...]
) -> None:
    asked = read_completion({**COMPLETION, "prompt": prompt}, most_rows=2)
    assert (asked.tokens, asked.prompts) == (tokens, ({"text": ""},) * len(tokens))


@pytest.mark.parametrize(
    "prompt", [[], [[]], ["a", 1], ["a", [1]], [[1], "a"], [[1], []], [True], [1.5], {}, 7], ids=str
)
def test_a_prompt_is_text_or_token_ids_and_no_mixture(prompt: object) -> None:
    with pytest.raises(InvalidRequest, match="a list of token ids, or a list of one or the other") as refused:
        read_completion({**COMPLETION, "prompt": prompt})
    assert refused.value.field == "prompt"


def test_as_many_choices_as_are_answered_may_be_asked_for_as_the_best() -> None:
    def read(said: Mapping[str, Any]) -> CompletionRequest:
        return read_completion({**COMPLETION, **said})

    for choices in ({}, {"n": 1}, {"n": 3}):
        assert read({**choices, "best_of": choices.get("n", 1)}) == read(choices)
    for said in ({"best_of": 2}, {"n": 2, "best_of": 1}, {"n": 2, "best_of": 3}, {"best_of": True}, {"best_of": "1"}):
        with pytest.raises(InvalidRequest, match=rf"^best_of must be n, which is {said.get('n', 1)}: ") as refused:
            read(said)
        assert refused.value.field == "best_of"


def test_messages_are_counted_before_they_are_read_and_so_are_their_parts() -> None:
    texts = [{"type": "text", "text": "a"}]
    assert read_chat({**CHAT, "messages": [{"role": "user", "content": texts * 2}] * 2}, most_rows=4).prompts
    with pytest.raises(TooManyRows, match="has 5 messages; the server's --max-rows allows 4, so leave some out"):
        read_chat({**CHAT, "messages": ["?"] * 5}, most_rows=4)
    with pytest.raises(TooManyRows, match="6 parts of messages"):
        read_chat({**CHAT, "messages": [{"role": "user", "content": texts * 3}] * 2}, most_rows=4)
