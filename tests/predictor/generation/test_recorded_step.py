"""A step that was recorded gives what the model gives, for any rows of any lengths, without running the model."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn
from transformers import PreTrainedModel, TokenizersBackend

from tests.predictor.generation.asked import continuation, own_tokens, prompts, tokens
from tests.predictor.tiny_language import make_language_model
from transformermodel_predictor.engines.linears import can_prepack, prepack
from transformermodel_predictor.generation.batch import generate
from transformermodel_predictor.generation.choice import choose_decoder
from transformermodel_predictor.generation.reference_logits import trial
from transformermodel_predictor.generation.slots import SlotDecoder

RECORDED = ("llama", "gpt2", "qwen2", "qwen2 with windows", "mistral", "gemma2")


def passes_of(model: PreTrainedModel) -> list[tuple[int, ...]]:
    """The shapes of the tokens that the model itself is given from now on."""
    passes: list[tuple[int, ...]] = []
    model.register_forward_pre_hook(
        lambda _, __, given: passes.append(tuple(given["input_ids"].shape)), with_kwargs=True
    )
    return passes


def with_embeddings(model: PreTrainedModel, change: Callable[[torch.Tensor], torch.Tensor]) -> PreTrainedModel:
    """A model whose embeddings are changed from now on."""
    part: Any = model.get_input_embeddings()
    whole = part.forward
    part.forward = lambda ids: change(whole(ids))
    return model


@pytest.mark.parametrize("kind", RECORDED)
def test_the_model_itself_runs_no_step_any_more(kind: str, tokenizer: TokenizersBackend) -> None:
    model = make_language_model(kind)
    decoder = choose_decoder(model)()
    passes = passes_of(model)

    generate(decoder, [continuation([5, 6, 7], 6, tokenizer)])

    assert passes == [(1, 4)]


def test_rows_grow_beyond_the_memory_that_was_there(tokenizer: TokenizersBackend) -> None:
    model, asked = make_language_model("long llama"), prompts(5)
    told = generate(choose_decoder(model)(), [continuation(prompt, 90, tokenizer) for prompt in asked])
    assert [tokens(pieces) for pieces in told] == [own_tokens(model, prompt, 90) for prompt in asked]


def in_bfloat16(model: PreTrainedModel) -> None:
    nn.Module.to(model, torch.bfloat16)


def prepacked(model: PreTrainedModel) -> None:
    if not can_prepack(model.dtype):
        pytest.skip("this build of PyTorch, or this processor, has no such linears")
    prepack(model)


def prepacked_in_bfloat16(model: PreTrainedModel) -> None:
    in_bfloat16(model)
    prepacked(model)


@pytest.mark.parametrize("change", [in_bfloat16, prepacked, prepacked_in_bfloat16])
def test_whatever_its_linears_are(change: Callable[[PreTrainedModel], None]) -> None:
    model, asked = make_language_model(), prompts(4)
    change(model)
    decoder = choose_decoder(model)()
    passes = passes_of(model)

    found = trial(decoder, asked)

    assert len(passes) == 1, "the prompts are read in one pass, and the steps are not the model's"
    torch.testing.assert_close(found, trial(SlotDecoder(model), asked))


def test_a_choice_by_numbers_in_tensors_is_not_recorded(tokenizer: TokenizersBackend) -> None:
    model = with_embeddings(make_language_model(), lambda hidden: hidden if hidden.isfinite().all() else -hidden)
    decoder = choose_decoder(model)()
    passes = passes_of(model)

    (pieces,) = generate(decoder, [continuation([5, 6, 7], 8, tokenizer)])

    assert passes.count((1, 1)) == 7
    assert tokens(pieces) == own_tokens(model, [5, 6, 7], 8)


def test_what_a_recording_answers_otherwise_is_not_used(tokenizer: TokenizersBackend) -> None:
    """Such as what depends on the number of rows, which a recording keeps."""
    model = make_language_model()
    decoders = choose_decoder(
        with_embeddings(model, lambda hidden: hidden * (3 if len(hidden.detach().numpy()) == 3 else 1))
    )
    passes = passes_of(model)

    (pieces,) = generate(decoders(), [continuation([5, 6, 7], 8, tokenizer)])

    assert passes.count((1, 1)) == 7
    assert tokens(pieces) == own_tokens(model, [5, 6, 7], 8)
