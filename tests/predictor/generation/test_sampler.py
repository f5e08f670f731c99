"""What is drawn from is what transformers' logits processors leave."""

from collections import Counter
from typing import Any

import pytest
import torch
from transformers import (
    LogitsProcessorList,
    MinNewTokensLengthLogitsProcessor,
    PreTrainedModel,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TokenizersBackend,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from tests.predictor.generation.asked import continuation, own_tokens, prompts, tokens
from transformermodel_predictor.generation.batch import generate
from transformermodel_predictor.generation.parameters import GenerationParameters
from transformermodel_predictor.generation.sampler import Sampler
from transformermodel_predictor.generation.slots import SlotDecoder

PROMPT = [3, 5, 5, 9]
END = 2


def reference(logits: torch.Tensor, **said: Any) -> torch.Tensor:
    """The probabilities that transformers would draw from."""
    processors = LogitsProcessorList()
    if "repetition_penalty" in said:
        processors.append(RepetitionPenaltyLogitsProcessor(said["repetition_penalty"]))
    if "min_new_tokens" in said:
        processors.append(MinNewTokensLengthLogitsProcessor(len(PROMPT), said["min_new_tokens"], [END], device="cpu"))
    processors.append(TemperatureLogitsWarper(said.get("temperature", 1.0)))
    if "top_k" in said:
        processors.append(TopKLogitsWarper(said["top_k"]))
    if "top_p" in said:
        processors.append(TopPLogitsWarper(said["top_p"]))
    return processors(torch.tensor([PROMPT]), logits[None].clone())[0].softmax(-1)


def sampler(**said: Any) -> Sampler:
    return Sampler(GenerationParameters(do_sample=True, **{"seed": 1, **said}), PROMPT, [END])


@pytest.mark.parametrize("size", [50, 5000])
@pytest.mark.parametrize("spread", [0.3, 4.0])
@pytest.mark.parametrize(
    "said",
    [
        {},
        {"temperature": 0.5},
        {"top_k": 7},
        {"top_p": 0.6},
        {"top_p": 0.999},
        {"top_p": 0.0001},
        {"top_k": 20, "top_p": 0.8, "temperature": 1.7},
        {"repetition_penalty": 1.8},
        {"repetition_penalty": 0.6, "top_k": 5},
        {"min_new_tokens": 3, "top_p": 0.9},
    ],
    ids=str,
)
def test_the_distribution_is_that_of_transformers(said: dict[str, Any], spread: float, size: int) -> None:
    logits = torch.randn(size, generator=torch.Generator().manual_seed(7)) * spread
    logits[END] = 3 * spread

    tokens, probabilities = sampler(**said).distribution(logits)

    whole = torch.zeros(size).index_put((tokens,), probabilities)
    assert torch.allclose(whole, reference(logits, **said), atol=1e-6)


def test_tokens_are_drawn_as_often_as_they_are_likely() -> None:
    logits = torch.tensor([0.1, 0.2, 0.3, 0.4]).log()
    chooser = sampler()

    drawn = Counter(chooser.choose(logits) for _ in range(4000))

    assert [drawn[token] / 4000 for token in range(4)] == pytest.approx([0.1, 0.2, 0.3, 0.4], abs=0.03)


def test_a_seed_repeats_itself_and_no_seed_does_not() -> None:
    logits = torch.zeros(1000)

    def draw(seed: int | None) -> list[int]:
        chooser = sampler(seed=seed)
        return [chooser.choose(logits) for _ in range(8)]

    assert draw(4) == draw(4)
    assert draw(4) != draw(5)
    assert draw(None) != draw(None)


def test_without_sampling_the_likeliest_is_taken_after_the_penalty() -> None:
    logits = torch.tensor([0.0, 0.0, 0.0, 2.0, 1.9])
    greedy = Sampler(GenerationParameters(repetition_penalty=1.5), [3], [END])

    assert greedy.choose(logits) == 4
    assert not greedy.takes_the_likeliest
    assert Sampler(GenerationParameters(), [3], [END]).takes_the_likeliest


def test_what_was_generated_counts_as_repetition_too() -> None:
    logits = torch.tensor([0.0, 0.0, 0.0, 2.0, 1.9])
    greedy = Sampler(GenerationParameters(repetition_penalty=1.5), [1], [END])

    first = greedy.choose(logits)
    greedy.note(first)

    assert (first, greedy.choose(logits)) == (3, 4)


def test_the_end_is_not_taken_too_early() -> None:
    logits = torch.tensor([0.0, 0.5, 9.0])
    greedy = Sampler(GenerationParameters(min_new_tokens=1), [0], [END])

    first = greedy.choose(logits)
    greedy.note(first)

    assert (first, greedy.choose(logits)) == (1, END)


@pytest.mark.parametrize("further", [{}, {"top_p": 0.5}, {"top_k": 7}])
def test_the_lowest_temperature_takes_the_likeliest(further: dict[str, Any]) -> None:
    logits = torch.linspace(-20, 20, 50)
    assert sampler(temperature=1e-320, **further).choose(logits) == 49


@pytest.mark.parametrize(
    "said",
    [{"repetition_penalty": 1.7}, {"repetition_penalty": 0.6}, {"min_new_tokens": 9}],
    ids=str,
)
def test_what_changes_the_logits_changes_them_as_in_transformers(
    said: dict[str, float], llama: PreTrainedModel, tokenizer: TokenizersBackend
) -> None:
    asked = prompts(6)
    end = own_tokens(llama, asked[0], 12)[3]
    plain, expected = (
        [own_tokens(llama, prompt, 12, eos_token_id=end, **settings) for prompt in asked] for settings in ({}, said)
    )

    told = generate(SlotDecoder(llama), [continuation(prompt, 12, tokenizer, end, **said) for prompt in asked])

    assert [tokens(pieces) for pieces in told] == expected != plain
