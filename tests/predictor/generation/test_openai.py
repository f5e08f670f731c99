"""OpenAI's own client, unchanged, against our server."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace

import httpx
import openai
import pytest
from openai.types import Completion

from tests.predictor.gated import PATIENCE_SECONDS
from tests.predictor.generation.gated import GatedDecoder, behind
from tests.predictor.server.running import running
from tests.predictor.tiny_language import END, POSITIONS, VOCABULARY, make_language_tokenizer
from transformermodel_predictor.generation.loaded import LoadedGenerator
from transformermodel_predictor.loading import LoadedModel
from transformermodel_predictor.protocols.errors import ServerEnds
from transformermodel_predictor.server.options import ServerOptions

CHAT = [{"role": "system", "content": "be brief"}, {"role": "user", "content": "the fox?"}]
WRITTEN = "<|system|>be brief\n<|user|>the fox?\n<|assistant|>"


def client_of(url: str, **settings: object) -> openai.OpenAI:
    return openai.OpenAI(
        base_url=f"{url}/openai/v1", api_key="none", max_retries=0, timeout=PATIENCE_SECONDS, **settings
    )


@pytest.fixture(scope="module")
def url(generator: LoadedGenerator, tiny_model: LoadedModel) -> Iterator[str]:
    with running({"writer": generator, "classifier": tiny_model}) as server:
        yield server.url


@pytest.fixture(scope="module")
def client(url: str) -> Iterator[openai.OpenAI]:
    with client_of(url) as client:
        yield client


def greedy(generator: LoadedGenerator, text: str, **said: object) -> dict[str, object]:
    (answer,) = generator.answer([{"text": text}], said)
    return answer


def tokens_of(generator: LoadedGenerator, text: str) -> list[int]:
    return list(generator.tokenizer(text)["input_ids"])


def told(answer: Completion | openai.Stream[Completion]) -> list[tuple[object, object]]:
    """What an answer says, whole or piece by piece, without its name and time."""
    return [(each.choices, each.usage) for each in ([answer] if isinstance(answer, Completion) else answer)]


class TestCompletions:
    def test_a_prompt_is_continued(self, client: openai.OpenAI, generator: LoadedGenerator) -> None:
        expected = greedy(generator, "the fox", max_new_tokens=7)

        answer = client.completions.create(model="writer", prompt="the fox", max_tokens=7)

        (choice,) = answer.choices
        assert (answer.object, answer.model) == ("text_completion", "writer")
        assert (choice.text, choice.finish_reason) == (expected["generated_text"], expected["finish_reason"])
        assert answer.usage is not None
        assert answer.usage.prompt_tokens == expected["prompt_tokens"]
        assert answer.usage.completion_tokens == expected["generated_tokens"]
        assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens

    def test_pieces_together_are_the_whole(self, client: openai.OpenAI) -> None:
        whole = client.completions.create(model="writer", prompt="Größe", max_tokens=12)

        pieces = list(client.completions.create(model="writer", prompt="Größe", max_tokens=12, stream=True))

        assert "".join(piece.choices[0].text for piece in pieces) == whole.choices[0].text
        assert [piece.choices[0].finish_reason for piece in pieces[:-1]] == [None] * (len(pieces) - 1)
        assert pieces[-1].choices[0].finish_reason == whole.choices[0].finish_reason
        assert len({piece.id for piece in pieces}) == 1

    def test_a_stream_ends_with_the_usage_where_it_is_wanted(self, client: openai.OpenAI) -> None:
        whole = client.completions.create(model="writer", prompt="the", max_tokens=5)

        *pieces, last = client.completions.create(
            model="writer", prompt="the", max_tokens=5, stream=True, stream_options={"include_usage": True}
        )

        assert all(piece.usage is None for piece in pieces)
        assert (last.choices, last.usage) == ([], whole.usage)

    @pytest.mark.parametrize("stream", [False, True])
    def test_echo_repeats_the_prompt(self, stream: bool, client: openai.OpenAI) -> None:
        plain = client.completions.create(model="writer", prompt="the fox", max_tokens=4)

        answer = client.completions.create(model="writer", prompt="the fox", max_tokens=4, echo=True, stream=stream)

        told = "".join(p.choices[0].text for p in answer) if stream else answer.choices[0].text
        assert told == "the fox" + plain.choices[0].text

    def test_several_prompts_with_several_choices_each(self, client: openai.OpenAI) -> None:
        said = {"max_tokens": 6, "temperature": 1.5, "seed": 11}

        answer = client.completions.create(model="writer", prompt=["the", "once"], n=2, **said)
        first = client.completions.create(model="writer", prompt="once", **said)

        assert [choice.index for choice in answer.choices] == [0, 1, 2, 3]
        assert answer.choices[2].text == first.choices[0].text
        assert answer.choices[2].text != answer.choices[3].text
        assert answer.usage is not None
        assert answer.usage.prompt_tokens == 2

    def test_streams_of_several_choices_come_mixed(self, client: openai.OpenAI) -> None:
        said = {"model": "writer", "prompt": "the", "max_tokens": 6, "temperature": 1.5, "seed": 11, "n": 3}
        whole, texts = client.completions.create(**said), ["", "", ""]

        for piece in client.completions.create(stream=True, **said):
            texts[piece.choices[0].index] += piece.choices[0].text

        assert texts == [choice.text for choice in whole.choices]

    def test_as_many_choices_as_are_wanted_are_the_best(self, client: openai.OpenAI) -> None:
        said = {"model": "writer", "prompt": "the", "max_tokens": 4, "temperature": 1.5, "seed": 11, "n": 2}

        assert client.completions.create(best_of=2, **said).choices == client.completions.create(**said).choices

    def test_a_stop_string_ends_the_text(self, client: openai.OpenAI) -> None:
        text = client.completions.create(model="writer", prompt="the fox", max_tokens=12).choices[0].text
        stop = text[3:5]

        (choice,) = client.completions.create(model="writer", prompt="the fox", max_tokens=12, stop=[stop]).choices

        assert (choice.text, choice.finish_reason) == (text[: text.index(stop)], "stop")

    def test_temperature_zero_is_greedy(self, client: openai.OpenAI) -> None:
        greedy = client.completions.create(model="writer", prompt="the", max_tokens=6)

        cold = client.completions.create(model="writer", prompt="the", max_tokens=6, temperature=0, top_p=0.9)

        assert cold.choices == greedy.choices

    def test_parameters_that_are_not_openais_are_read_too(self, client: openai.OpenAI) -> None:
        extra = {"top_k": 1, "repetition_penalty": 1.0, "min_tokens": 6}

        answer = client.completions.create(model="writer", prompt="the", max_tokens=6, temperature=2, extra_body=extra)

        assert answer.usage is not None
        assert answer.usage.completion_tokens == 6

    @pytest.mark.parametrize("stream", [False, True])
    def test_a_prompt_that_was_cut_says_so(self, stream: bool, client: openai.OpenAI) -> None:
        response = client.completions.with_raw_response.create(
            model="writer", prompt="fox " * 80, max_tokens=3, stream=stream
        )

        assert int(response.headers["x-truncated-tokens"]) > 0


class TestTokens:
    """Prompts given as the ids of their tokens."""

    @pytest.mark.parametrize("stream", [False, True])
    def test_they_are_continued_as_their_text_is(
        self, stream: bool, client: openai.OpenAI, generator: LoadedGenerator
    ) -> None:
        said = {"model": "writer", "max_tokens": 7, "logprobs": 2, "temperature": 1.5, "seed": 3, "stream": stream}
        options = {"stream_options": {"include_usage": True}} if stream else {}

        text = told(client.completions.create(prompt="the fox", **said, **options))
        tokens = told(client.completions.create(prompt=tokens_of(generator, "the fox"), **said, **options))

        assert tokens == text

    def test_lists_of_them_are_several_prompts_with_choices_each(
        self, client: openai.OpenAI, generator: LoadedGenerator
    ) -> None:
        said = {"model": "writer", "max_tokens": 6, "temperature": 1.5, "seed": 11, "n": 2}
        texts = ["the", "once upon"]

        answer = client.completions.create(prompt=[tokens_of(generator, text) for text in texts], **said)
        expected = client.completions.create(prompt=texts, **said)

        assert (answer.choices, answer.usage) == (expected.choices, expected.usage)

    @pytest.mark.parametrize("stream", [False, True])
    def test_echo_writes_them_all_and_none_is_added(
        self, stream: bool, client: openai.OpenAI, generator: LoadedGenerator
    ) -> None:
        prompt = [END, *tokens_of(generator, "Größe")]
        said = {"model": "writer", "prompt": prompt, "max_tokens": 4}
        plain = client.completions.create(**said)

        answer = client.completions.create(**said, echo=True, stream=stream)

        written = "".join(p.choices[0].text for p in answer) if stream else answer.choices[0].text
        assert written == "</s>Größe" + plain.choices[0].text
        assert plain.usage is not None
        assert plain.usage.prompt_tokens == len(prompt)

    @pytest.mark.parametrize("stream", [False, True])
    def test_what_the_model_has_no_room_for_is_told(self, stream: bool, client: openai.OpenAI) -> None:
        response = client.completions.with_raw_response.create(
            model="writer", prompt=[5] * (POSITIONS + 9), max_tokens=3, stream=stream
        )

        assert int(response.headers["x-truncated-tokens"]) == 9 + 3

    def test_a_prompt_has_no_more_of_them_than_a_text_has_bytes(self, generator: LoadedGenerator) -> None:
        with running({"writer": generator}, ServerOptions(max_text_bytes=9)) as server, client_of(server.url) as client:
            assert client.completions.create(model="writer", prompt=[[5] * 9] * 2, max_tokens=1).choices
            with pytest.raises(openai.APIStatusError, match="--max-text-bytes") as refused:
                client.completions.create(model="writer", prompt=[[5], [5] * 10])
        assert (refused.value.status_code, refused.value.param) == (413, "prompt")


class TestChatCompletions:
    def test_the_conversation_is_written_as_the_template_says(
        self, client: openai.OpenAI, generator: LoadedGenerator
    ) -> None:
        answer = client.chat.completions.create(model="writer", messages=CHAT, max_completion_tokens=8)

        (choice,) = answer.choices
        assert choice.message.role == "assistant"
        assert choice.message.content == greedy(generator, WRITTEN, max_new_tokens=8)["generated_text"]

    def test_a_stream_begins_with_the_role(self, client: openai.OpenAI) -> None:
        whole = client.chat.completions.create(model="writer", messages=CHAT, max_tokens=8)

        first, *pieces = client.chat.completions.create(model="writer", messages=CHAT, max_tokens=8, stream=True)

        assert first.choices[0].delta.role == "assistant"
        assert "".join(p.choices[0].delta.content or "" for p in pieces) == whole.choices[0].message.content
        assert pieces[-1].choices[0].finish_reason == whole.choices[0].finish_reason

    def test_the_clients_own_accumulation_works(self, client: openai.OpenAI) -> None:
        said = {"model": "writer", "messages": CHAT, "max_tokens": 12}
        text = client.chat.completions.create(**said).choices[0].message.content or ""

        with client.chat.completions.stream(**said, stop=text[4:6]) as stream:  # it takes no text that ends by length
            final = stream.get_final_completion()

        assert final.choices[0].message.content == text[: text.index(text[4:6])]

    def test_content_in_parts_is_put_together(self, client: openai.OpenAI) -> None:
        parts = [{"type": "text", "text": "the "}, {"type": "text", "text": "fox?"}]

        answer = client.chat.completions.create(
            model="writer", messages=[CHAT[0], {"role": "user", "content": parts}], max_tokens=8
        )

        assert answer.choices == client.chat.completions.create(model="writer", messages=CHAT, max_tokens=8).choices


class TestLogprobs:
    @pytest.mark.parametrize("said", [{}, {"temperature": 1.5, "seed": 3}], ids=["greedy", "sampled"])
    def test_of_a_completion(self, said: dict[str, float], client: openai.OpenAI) -> None:
        plain = client.completions.create(model="writer", prompt="the fox", max_tokens=9, **said).choices[0]

        choice = client.completions.create(model="writer", prompt="the fox", max_tokens=9, logprobs=2, **said).choices[
            0
        ]

        told = choice.logprobs
        assert (choice.text, plain.logprobs) == (plain.text, None)
        assert told is not None
        assert told.tokens
        for token, logprob, likeliest, offset in zip(
            told.tokens or (), told.token_logprobs or (), told.top_logprobs or (), told.text_offset or (), strict=True
        ):
            assert likeliest[token] == logprob <= max(likeliest.values()) <= 0
            assert len(likeliest) in (2, 3)
            assert token.startswith(("bytes:", "<unk>")) or choice.text[offset:].startswith(token)

    def test_of_a_message(self, client: openai.OpenAI) -> None:
        said = {"model": "writer", "messages": CHAT, "max_tokens": 10, "logprobs": True}

        (choice,) = client.chat.completions.create(top_logprobs=3, **said).choices
        (bare,) = client.chat.completions.create(**said).choices

        assert choice.logprobs is not None
        assert bare.logprobs is not None
        tokens, alone_tokens = choice.logprobs.content or [], bare.logprobs.content or []
        assert b"".join(bytes(token.bytes or ()) for token in tokens).decode(errors="replace") == choice.message.content
        for token, alone in zip(tokens, alone_tokens, strict=True):
            assert [one.logprob for one in token.top_logprobs] == sorted(
                (one.logprob for one in token.top_logprobs), reverse=True
            )
            assert (len(token.top_logprobs), token.top_logprobs[0].token) == (3, token.token)  # it is greedy
            assert (alone.token, alone.logprob, alone.top_logprobs) == (token.token, token.logprob, [])

    def test_pieces_have_together_what_the_whole_has(self, client: openai.OpenAI) -> None:
        completion = {"model": "writer", "prompt": "the fox", "max_tokens": 9, "logprobs": 2}
        chat = {"model": "writer", "messages": CHAT, "max_tokens": 10, "logprobs": True, "top_logprobs": 2}
        (written,) = client.completions.create(**completion).choices
        (said,) = client.chat.completions.create(**chat).choices

        pieces = [p.choices[0].logprobs for p in client.completions.create(stream=True, **completion)]
        deltas = [p.choices[0].logprobs for p in client.chat.completions.create(stream=True, **chat)]

        assert written.logprobs is not None
        assert said.logprobs is not None
        for name, values in written.logprobs.model_dump().items():
            assert [value for piece in pieces if piece for value in getattr(piece, name)] == values
        assert [token for delta in deltas if delta for token in delta.content or ()] == said.logprobs.content

    def test_top_logprobs_alone_are_refused(self, client: openai.OpenAI) -> None:
        with pytest.raises(openai.BadRequestError, match="top_logprobs needs logprobs to be true"):
            client.chat.completions.create(model="writer", messages=CHAT, top_logprobs=2)


class TestModels:
    def test_those_that_generate_are_listed(self, client: openai.OpenAI) -> None:
        assert [model.id for model in client.models.list()] == ["writer"]

    def test_one_is_shown(self, client: openai.OpenAI) -> None:
        assert client.models.retrieve("writer").object == "model"


class TestErrors:
    def test_an_unknown_model(self, client: openai.OpenAI) -> None:
        with pytest.raises(openai.NotFoundError, match="there is no model 'other' here") as unknown:
            client.completions.create(model="other", prompt="a")

        assert (unknown.value.code, unknown.value.param) == ("model_not_found", "model")

    def test_a_model_of_another_task(self, client: openai.OpenAI) -> None:
        with pytest.raises(openai.BadRequestError, match="'classifier' does not generate text") as refused:
            client.completions.create(model="classifier", prompt="a")

        assert refused.value.param == "model"

    @pytest.mark.parametrize(
        ("said", "message", "param"),
        [
            ({"logprobs": 21}, "logprobs must be a whole number from 0 to 20", "logprobs"),
            ({"logprobs": True}, "logprobs must be a whole number from 0 to 20", "logprobs"),
            ({"logprobs": 1, "echo": True}, "not of the prompt; leave out echo or logprobs", "logprobs"),
            ({"frequency_penalty": 0.5}, "frequency_penalty is not supported", "frequency_penalty"),
            ({"max_tokens": 0}, "max_tokens must be a whole number from 1", "max_tokens"),
            ({"stop": [""]}, "stop may have 16 strings", "stop"),
            ({"n": 99}, "n must be a whole number from 1 to 16", "n"),
            ({"best_of": 2}, "best_of must be n, which is 1", "best_of"),
            ({"prompt": ["a", 2]}, "a list of token ids, or a list of one or the other", "prompt"),
            ({"prompt": [1, VOCABULARY]}, f"token 1 of a prompt is none .* 0 to {VOCABULARY - 1}", "prompt"),
            ({"prompt": [[1, 2], [-1]]}, f"token 0 of a prompt is none .* 0 to {VOCABULARY - 1}", "prompt"),
            ({"prompt": [1, "a"]}, "token 1 of a prompt is none of the model's", "prompt"),
            ({"extra_body": {"colour": "red"}}, "colour is not known here", "colour"),
        ],
        ids=str,
    )
    @pytest.mark.parametrize("stream", [False, True])
    def test_what_cannot_be_done_is_refused(
        self, said: dict[str, object], message: str, param: str, stream: bool, client: openai.OpenAI
    ) -> None:
        with pytest.raises(openai.BadRequestError, match=message) as refused:
            client.completions.create(**{"model": "writer", "prompt": "a", "stream": stream, **said})

        assert refused.value.type == "invalid_request_error"
        assert refused.value.param == param

    def test_a_prompt_with_too_much_text_is_named(self, client: openai.OpenAI) -> None:
        with pytest.raises(openai.APIStatusError, match="--max-text-bytes") as refused:
            client.completions.create(model="writer", prompt="a" * (ServerOptions().max_text_bytes + 1))
        assert (refused.value.status_code, refused.value.param) == (413, "prompt")

    def test_more_prompts_than_the_server_allows_are_too_large(self, client: openai.OpenAI) -> None:
        prompts = ["a"] * (ServerOptions().max_rows // 2 + 1)
        with pytest.raises(openai.APIStatusError, match="--max-rows") as refused:
            client.completions.create(model="writer", prompt=prompts, n=2)
        assert (refused.value.status_code, refused.value.param) == (413, "prompt")

    @pytest.mark.parametrize(
        "content", [[{"type": "image_url", "image_url": {"url": "data:,"}}], [{"type": "text", "text": 3}]]
    )
    def test_content_that_is_not_text_is_refused(self, content: list[object], client: openai.OpenAI) -> None:
        with pytest.raises(openai.BadRequestError, match=r"the content of messages\[0\] must be"):
            client.chat.completions.create(model="writer", messages=[{"role": "user", "content": content}])

    def test_tools_are_refused(self, client: openai.OpenAI) -> None:
        tool = {"type": "function", "function": {"name": "look", "parameters": {}}}

        with pytest.raises(openai.BadRequestError, match="tools is not supported"):
            client.chat.completions.create(model="writer", messages=CHAT, tools=[tool])

    def test_a_body_that_is_not_json_is_answered_in_openais_form(self, url: str) -> None:
        response = httpx.post(f"{url}/openai/v1/completions", content=b"{", timeout=PATIENCE_SECONDS)

        assert response.status_code == 400
        assert set(response.json()["error"]) == {"message", "type", "param", "code"}
        assert response.json()["error"]["param"] is None


def test_pieces_come_while_the_model_works_and_a_client_that_goes_ends_it(
    generator: LoadedGenerator, gated: GatedDecoder
) -> None:
    with running({"writer": behind(gated, generator)}) as server, client_of(server.url) as client:
        said = {"model": "writer", "prompt": "the", "max_tokens": 50, "extra_body": {"min_tokens": 50}}
        gated.permit(3)
        stream = client.completions.create(stream=True, **said)
        next(stream)
        stream.close()
        while gated.steps.count(1) < 50 and _in_flight(server.url):
            gated.permit(1)

        assert len(gated.steps) < 50
        assert _answered(server.url) == {"499": 1}


def test_a_fault_in_the_middle_of_a_stream_is_its_last_event(
    generator: LoadedGenerator, gated: GatedDecoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running({"writer": behind(gated, generator)}) as server, client_of(server.url) as client:
        gated.permit(2)
        stream = client.completions.create(model="writer", prompt="once upon", max_tokens=20, stream=True)
        monkeypatch.setattr(gated, "step", lambda _: 1 / 0)
        gated.permit(1)

        with pytest.raises(openai.APIError, match="the server failed to answer; its log says why"):
            list(stream)
        while _in_flight(server.url):
            pass

        assert _answered(server.url) == {"500": 1}


def test_a_stream_that_outlasts_the_server_ends_with_the_reason(
    generator: LoadedGenerator, gated: GatedDecoder
) -> None:
    options = ServerOptions(finish_seconds=0)
    with running({"writer": behind(gated, generator)}, options) as server, client_of(server.url) as client:
        gated.permit(2)
        stream = client.chat.completions.create(model="writer", messages=CHAT, max_tokens=20, stream=True)
        server.drain()

        with pytest.raises(openai.APIError, match=re.escape(str(ServerEnds()))):
            list(stream)
        gated.permit(20)


def test_a_model_whose_tokenizer_has_no_chat_template_lists_no_messages(generator: LoadedGenerator) -> None:
    plain = replace(generator, tokenizer=make_language_tokenizer(chat_template=None))
    with (
        running({"chat": generator, "plain": plain}) as server,
        httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS) as client,
    ):
        inputs = {name: client.get(f"/v2/models/{name}").json()["inputs"] for name in ("chat", "plain")}
        tensor = {"name": "messages", "shape": [1], "datatype": "BYTES", "data": [json.dumps(CHAT)]}
        infer = {name: client.post(f"/v2/models/{name}/infer", json={"inputs": [tensor]}) for name in inputs}

    assert {name: [spec["name"] for spec in specs] for name, specs in inputs.items()} == {
        "chat": ["text", "messages"],
        "plain": ["text"],
    }
    assert infer["chat"].status_code == 200
    assert infer["plain"].status_code == 400
    assert infer["plain"].json() == {"error": "input 'messages' is not known; there are text"}


def _answered(url: str) -> dict[str, int]:
    """How many completions are over, by their status."""
    counted = re.findall(
        r'requests_total{model="writer",protocol="openai",status="(\d+)"} (\d+)',
        httpx.get(f"{url}/metrics", timeout=PATIENCE_SECONDS).text,
    )
    return {status: int(count) for status, count in counted}


def _in_flight(url: str) -> bool:
    """Whether the server still works on a completion."""
    lines = httpx.get(f"{url}/metrics", timeout=PATIENCE_SECONDS).text.splitlines()
    return any('protocol="openai"' in line and "in_flight" in line and line.endswith(" 1.0") for line in lines)
