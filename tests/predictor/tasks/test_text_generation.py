"""Questions, parameters, prompts and answers of text generation."""

import json
from typing import Any

import pytest
from transformers import T5Config, TokenizersBackend

from tests.predictor.tiny_language import POSITIONS, make_language_tokenizer
from transformermodel_api.errors import PreparationFailed
from transformermodel_predictor.artifact.configuration import read_configuration
from transformermodel_predictor.artifact.generation import GenerationDefaults
from transformermodel_predictor.generation.parameters import GenerationParameters
from transformermodel_predictor.generation.piece import Certainty, FinishReason
from transformermodel_predictor.generation.room import fit
from transformermodel_predictor.generation.text import EncodedPrompt, GeneratedText, GenerationQuestion
from transformermodel_predictor.tasks.configuration import TaskConfiguration
from transformermodel_predictor.tasks.task import InvalidQuestion
from transformermodel_predictor.tasks.text_generation import TextGeneration

CHAT = [{"role": "user", "content": "the fox?"}]


def test_each_name_of_its_parameters_is_read() -> None:
    names = task().parameter_names
    assert {"max_new_tokens", "do_sample", "sample"} <= set(names)
    assert task().question({"text": "a"}, dict.fromkeys(names)) == task().question({"text": "a"}, {})


@pytest.fixture(scope="module")
def tokenizer() -> TokenizersBackend:
    return make_language_tokenizer()


def task(max_length: int = POSITIONS, **defaults: Any) -> TextGeneration:
    return TextGeneration(TaskConfiguration((), max_length, generation=GenerationDefaults(**defaults)))


def parameters(given: dict[str, Any], **defaults: Any) -> GenerationParameters:
    return task(**defaults).question({"text": "a"}, given).parameters


class TestParameters:
    def test_without_any_it_is_greedy(self) -> None:
        assert parameters({}) == GenerationParameters(max_new_tokens=20, do_sample=False)

    def test_a_request_goes_before_the_models_defaults(self) -> None:
        said = parameters({"top_k": 3, "stop": "."}, do_sample=True, top_k=60, top_p=0.95, stop=("!",))

        assert (said.do_sample, said.top_k, said.top_p, said.stop) == (True, 3, 0.95, (".",))

    @pytest.mark.parametrize("given", [{"temperature": 0.7}, {"top_p": 0.5}, {"top_k": 5}, {"seed": 1}], ids=str)
    def test_who_names_how_to_sample_wants_sampling(self, given: dict[str, Any]) -> None:
        assert parameters(given).do_sample
        assert not parameters({**given, "do_sample": False}).do_sample

    def test_the_resources_name_of_sampling_is_read_too(self) -> None:
        assert parameters({"sample": True}).do_sample

    def test_temperature_zero_is_greedy(self) -> None:
        said = parameters({"temperature": 0, "seed": 3}, do_sample=True)

        assert (said.do_sample, said.temperature) == (False, 1.0)

    def test_numbers_may_be_strings_as_in_grpc(self) -> None:
        assert parameters({"temperature": "0.5", "max_new_tokens": "7"}).temperature == 0.5

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ({"max_new_tokens": 0}, "max_new_tokens must be a whole number from 1"),
            ({"temperature": -1}, "temperature must be a number from 0"),
            ({"top_p": 1.1}, "top_p must be a number from 0 to 1"),
            ({"repetition_penalty": 0}, "repetition_penalty must be a number from 0.01"),
            ({"seed": 1.5}, "seed must be a whole number"),
            ({"stop": [""]}, "stop may have 16 strings, each of 1 to 256 characters"),
            ({"do_sample": "yes"}, "do_sample must be true or false"),
            ({"beams": 4}, "parameter 'beams' is not known; there are max_new_tokens, "),
        ],
        ids=str,
    )
    def test_what_cannot_be_is_refused(self, given: dict[str, Any], message: str) -> None:
        with pytest.raises(InvalidQuestion, match=message):
            parameters(given)

    def test_a_configuration_of_torchserves_handler_keeps_its_meaning(self) -> None:
        configuration = read_configuration("handler: {mode: text_generation, max_length: 150}")
        ancestor = TextGeneration(TaskConfiguration.of(configuration, ()))

        said = ancestor.question({"text": "a"}, {}).parameters

        assert (said.do_sample, said.top_p, said.top_k, said.max_new_tokens) == (True, 0.95, 60, 150)


class TestQuestions:
    @pytest.mark.parametrize("messages", [CHAT, json.dumps(CHAT)], ids=["list", "JSON"])
    def test_messages_are_written_by_the_chat_template(self, messages: object, tokenizer: TokenizersBackend) -> None:
        prompt = task().encode(tokenizer, task().question({"messages": messages}, {}), POSITIONS)

        assert prompt.text == "<|user|>the fox?\n<|assistant|>"
        assert tokenizer.decode(prompt.tokens) == prompt.text

    @pytest.mark.parametrize(
        ("fields", "message"),
        [
            ({}, "one of text and messages must be there"),
            ({"text": "a", "messages": CHAT}, "only one of text and messages"),
            ({"text": 5}, "text must be a string"),
            ({"prompt": "a"}, "field 'prompt' is not known"),
            ({"messages": "hello"}, "messages are not JSON"),
            ({"messages": []}, "at least one message"),
            ({"messages": [{"role": "user"}]}, "the strings role and content"),
            ({"text": "a \ud83e"}, r"text has half of a character, '\\ud83e', at position 2"),
            (
                {"messages": '[{"role": "user", "content": "\\udd8a"}]'},
                "content of a message has half",
            ),
        ],
        ids=str,
    )
    def test_what_cannot_be_read_is_refused(self, fields: dict[str, Any], message: str) -> None:
        with pytest.raises(InvalidQuestion, match=message):
            task().question(fields, {})

    def test_an_empty_prompt_is_the_beginning_of_a_text(self, tokenizer: TokenizersBackend) -> None:
        prompt = task().encode(tokenizer, GenerationQuestion(""), POSITIONS)

        assert prompt.tokens == (tokenizer.bos_token_id,)


class TestRoom:
    def test_what_fits_is_left_as_it_is(self) -> None:
        fitted = fit(range(10), 20, max_length=64, positions=64)

        assert (len(fitted.tokens), fitted.truncated, fitted.max_new_tokens) == (10, 0, 20)

    def test_what_follows_is_cut_to_the_positions_that_are_left(self) -> None:
        fitted = fit(range(60), 20, max_length=64, positions=64)

        assert (len(fitted.tokens), fitted.truncated, fitted.max_new_tokens) == (60, 0, 4)

    def test_a_prompt_that_is_too_long_loses_its_beginning_and_leaves_room(self) -> None:
        fitted = fit(range(100), 20, max_length=64, positions=64)

        assert (fitted.tokens, fitted.truncated, fitted.max_new_tokens) == (tuple(range(56, 100)), 56, 20)

    def test_never_more_than_half_is_kept_free(self) -> None:
        fitted = fit(range(100), 1000, max_length=64, positions=64)

        assert (len(fitted.tokens), fitted.max_new_tokens) == (32, 32)

    def test_the_limit_of_the_prompt_is_its_own(self) -> None:
        fitted = fit(range(100), 50, max_length=16, positions=64)

        assert (len(fitted.tokens), fitted.truncated, fitted.max_new_tokens) == (16, 84, 48)

    @pytest.mark.parametrize("asked", [1, 20])
    def test_a_single_position_reads_one_token_and_tells_the_next(self, asked: int) -> None:
        fitted = fit(range(100), asked, max_length=64, positions=1)

        assert (fitted.tokens, fitted.truncated, fitted.max_new_tokens) == ((99,), 99, 1)

    def test_models_without_a_limit_have_none(self) -> None:
        assert fit(range(10), 5000, max_length=100, positions=None).max_new_tokens == 5000


class TestAnswers:
    @staticmethod
    def text(tokens: tuple[int, ...], *probabilities: float, full: bool = False) -> GeneratedText:
        question = GenerationQuestion("once", parameters=GenerationParameters(return_full_text=full))
        certainties = tuple(Certainty(probability, probability - 0.1) for probability in probabilities)
        return GeneratedText(EncodedPrompt(question, "once", (4, 5)), " upon", tokens, FinishReason.Stop, certainties)

    def test_fields_are_those_of_the_outputs(self) -> None:
        fields = task().fields(self.text((6, 2)))

        assert list(fields) == [spec.name for spec in task().outputs]
        assert fields == {
            "generated_text": " upon",
            "finish_reason": "stop",
            "prompt_tokens": 2,
            "generated_tokens": 2,
        }

    def test_the_full_text_begins_with_the_prompt(self) -> None:
        assert task().fields(self.text((6, 2), full=True))["generated_text"] == "once upon"

    def test_answers_agree_when_their_tokens_are_the_same(self) -> None:
        assert task().agree(self.text((6, 2)), self.text((6, 2)))
        assert not task().agree(self.text((6, 2)), self.text((6, 3)))

    def test_the_difference_is_that_of_probabilities_as_far_as_the_tokens_are_the_same(self) -> None:
        one, other = self.text((6, 7, 2), 0.5, 0.6, 0.7), self.text((6, 8, 2), 0.52, 0.1, 0.1)

        assert task().difference(one, other) == pytest.approx(0.02)

    def test_the_preference_is_the_lead_where_they_part(self) -> None:
        one, other = self.text((6, 7, 2), 0.5, 0.6, 0.7), self.text((6, 8, 2), 0.52, 0.1, 0.1)

        assert task().preference(one, other) == pytest.approx(0.5)


def test_models_with_an_encoder_of_their_own_are_refused() -> None:
    with pytest.raises(PreparationFailed, match="t5 is an encoder-decoder"):
        task().require_fit(T5Config())
