"""Greedy tokens are those of transformers' own generate(), whoever else is decoded meanwhile."""

from collections.abc import Sequence
from itertools import count
from typing import Any

import pytest
import torch
from transformers import Cache, MambaConfig, MambaForCausalLM, PreTrainedModel, TokenizersBackend

from tests.predictor.generation.asked import (
    continuation,
    own_tokens,
    prompts,
    require_that_company_changes_nobody,
    tokens,
)
from tests.predictor.tiny_language import CONFIGURATIONS, VOCABULARY, make_language_model
from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.engines.quantization import quantize
from transformermodel_predictor.generation.batch import Batch, Member, generate
from transformermodel_predictor.generation.choice import choose_decoder
from transformermodel_predictor.generation.decoder import Prompt, SeparateDecoder
from transformermodel_predictor.generation.piece import Piece
from transformermodel_predictor.generation.sequence import Continuation
from transformermodel_predictor.generation.slots import SlotDecoder

TOGETHER = [kind for kind in CONFIGURATIONS if kind != "bloom"]


@pytest.mark.parametrize("kind", TOGETHER)
def test_all_together_each_as_if_it_were_alone(kind: str, tokenizer: TokenizersBackend) -> None:
    model, asked = make_language_model(kind), prompts(6)
    decoder = choose_decoder(model)()

    told = generate(decoder, [continuation(prompt, 4 + 3 * i, tokenizer) for i, prompt in enumerate(asked)])

    assert isinstance(decoder, SlotDecoder)
    assert [tokens(pieces) for pieces in told] == [own_tokens(model, p, 4 + 3 * i) for i, p in enumerate(asked)]


def test_who_joins_later_and_who_leaves_earlier_changes_nobody(
    llama: PreTrainedModel, tokenizer: TokenizersBackend
) -> None:
    require_that_company_changes_nobody(Batch(SlotDecoder(llama)), llama, tokenizer)


def test_short_prompts_that_come_at_once_are_read_in_one_pass(
    llama: PreTrainedModel, tokenizer: TokenizersBackend
) -> None:
    passes: list[tuple[int, ...]] = []
    noting = llama.register_forward_pre_hook(
        lambda _, __, given: passes.append(tuple(given["input_ids"].shape)), with_kwargs=True
    )
    asked = [[5, 6], [7, 8, 9, 10], [11] * 60, [12], [13] * 100]
    told = generate(SlotDecoder(llama), [continuation(prompt, 2, tokenizer) for prompt in asked])
    noting.remove()

    assert passes == [(2, 4), (2, 60), (1, 100), (5, 1)], "all are filled up to the longest of those read together"
    assert [tokens(pieces) for pieces in told] == [own_tokens(llama, prompt, 2) for prompt in asked]


@pytest.mark.parametrize(("length", "read"), [(5, 8), (8, 8), (62, 64), (66, 68), (67, 67)])
def test_prompts_are_filled_up_so_that_few_lengths_occur_but_not_beyond_the_models_positions(
    length: int, read: int, tokenizer: TokenizersBackend
) -> None:
    model = make_language_model("long llama")
    model.config.max_position_embeddings = 67 if length == 67 else 200
    passes: list[int] = []
    noting = model.register_forward_pre_hook(
        lambda _, __, given: passes.append(given["input_ids"].shape[1]), with_kwargs=True
    )
    prompt = list(range(3, 3 + length))
    (pieces,) = generate(SlotDecoder(model), [continuation(prompt, 3, tokenizer)])
    noting.remove()

    assert passes == [read, 1, 1]
    assert tokens(pieces) == own_tokens(model, prompt, 3)


def test_a_prompt_that_cannot_be_read_harms_none_of_those_who_came_with_it(
    llama: PreTrainedModel, tokenizer: TokenizersBackend
) -> None:
    told: list[list[Piece | Exception]] = [[], [], []]
    batch = Batch(SlotDecoder(llama))
    asked = [[5, 6], [VOCABULARY + 1], [7, 8]]
    batch.step([Member(continuation(prompt, 1, tokenizer), told[row].append) for row, prompt in enumerate(asked)])

    assert [type(one) for (one,) in told] == [Piece, IndexError, Piece]
    assert len(batch) == 0


def test_a_long_prompt_is_read_in_parts_while_others_go_on(
    llama: PreTrainedModel, tokenizer: TokenizersBackend
) -> None:
    short, long = [5, 6], list(range(10, 35))
    batch = Batch(SlotDecoder(llama), prompt_tokens=4)
    order: list[str] = []
    first, second = continuation(short, 20, tokenizer), continuation(long, 3, tokenizer)
    made: list[int] = []

    def tell(piece: Piece | Exception) -> None:
        assert isinstance(piece, Piece)
        made.append(piece.token)
        order.append("long")

    batch.step([Member(first, lambda _: order.append("short"))])
    batch.step([Member(second, tell)])
    while len(batch):
        batch.step([])

    assert made == own_tokens(llama, long, 3)
    assert order.index("long") > len(long) // 4


def test_the_parts_of_a_long_prompt_are_whole_tiles(llama: PreTrainedModel, tokenizer: TokenizersBackend) -> None:
    passes: list[int] = []
    noting = llama.register_forward_pre_hook(
        lambda _, __, given: passes.append(given["input_ids"].shape[1]), with_kwargs=True
    )
    prompt = list(range(10, 35))
    (pieces,) = generate(SlotDecoder(llama), [continuation(prompt, 2, tokenizer)])
    batch, told = Batch(SlotDecoder(llama), prompt_tokens=11), list[Piece | Exception]()
    batch.step([Member(continuation(prompt, 2, tokenizer), told.append)])
    while len(batch):
        batch.step([])
    noting.remove()

    assert passes == [28, 1, 8, 8, 12, 1], "none is filled up but the last, behind which nothing is read"
    assert told == pieces


def test_an_architecture_that_cannot_be_decoded_together_is_decoded_one_by_one(
    tokenizer: TokenizersBackend, caplog: pytest.LogCaptureFixture
) -> None:
    model, asked = make_language_model("bloom"), prompts(3)
    decoder = choose_decoder(model)()

    told = generate(decoder, [continuation(prompt, 6, tokenizer) for prompt in asked])

    assert isinstance(decoder, SeparateDecoder)
    assert "BloomForCausalLM is decoded one sequence at a time" in caplog.text
    assert [tokens(pieces) for pieces in told] == [own_tokens(model, prompt, 6) for prompt in asked]


def test_an_architecture_that_forgets_is_refused() -> None:
    shape = {"vocab_size": VOCABULARY, "hidden_size": 32, "num_hidden_layers": 2, "state_size": 4}
    model = MambaForCausalLM(MambaConfig(**shape)).eval()

    with pytest.raises(PreparationFailed, match="MambaForCausalLM cannot generate token by token") as failure:
        choose_decoder(model)

    assert failure.value.reason is FailureReason.UnsupportedArchitecture


def test_a_model_that_does_not_bear_8_bit_is_told_so() -> None:
    model = make_language_model()
    quantize(model)

    with pytest.raises(PreparationFailed, match=r"in Int8 gives other logits.* BFloat16") as failure:
        choose_decoder(model)

    assert failure.value.reason is FailureReason.UnsupportedForm


@pytest.mark.parametrize("from_pass", [0, 7], ids=["one by one", "together"])
def test_exhausted_memory_says_nothing_about_an_architecture(
    from_pass: int, llama: PreTrainedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes, forward = count(), llama.forward

    def forward_while_there_is_memory(*arguments: Any, **settings: Any) -> Any:
        return forward(*arguments, **settings) if next(passes) < from_pass else torch.empty(1 << 60)

    monkeypatch.setattr(llama, "forward", forward_while_there_is_memory)
    with pytest.raises(PreparationFailed) as failure:
        choose_decoder(llama)

    assert failure.value.reason is FailureReason.OutOfMemory


def test_the_cache_is_freed_when_the_last_has_left(llama: PreTrainedModel, tokenizer: TokenizersBackend) -> None:
    decoder = SlotDecoder(llama)

    generate(decoder, [continuation(prompt, 3, tokenizer) for prompt in prompts(3)])

    assert decoder.columns == 0


@pytest.mark.parametrize("said", [{"temperature": 0.8, "top_k": 20}, {"top_p": 0.7}, {"repetition_penalty": 1.4}])
def test_a_seed_gives_the_same_text_whoever_else_is_there(
    said: dict[str, float], llama: PreTrainedModel, tokenizer: TokenizersBackend
) -> None:
    asked, decoder = prompts(5), SlotDecoder(llama)
    sampled = {"do_sample": True, **said}

    def make(index: int) -> Continuation:
        return continuation(asked[index], 10, tokenizer, seed=index, **sampled)

    together = generate(decoder, [make(index) for index in range(5)])
    alone = [generate(decoder, [make(index)])[0] for index in range(5)]

    assert [tokens(pieces) for pieces in together] == [tokens(pieces) for pieces in alone]


def test_a_model_that_fails_fails_those_who_were_in_the_step(
    llama: PreTrainedModel, tokenizer: TokenizersBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch, told = Batch(SlotDecoder(llama)), list[Piece | Exception]()
    batch.step([Member(continuation([5, 6], 9, tokenizer), told.append)])
    with monkeypatch.context() as broken:
        broken.setattr(llama, "forward", lambda **_: 1 / 0)
        batch.step([])

    (again,) = generate(SlotDecoder(llama), [continuation([5, 6], 9, tokenizer)])

    assert isinstance(told[-1], ZeroDivisionError)
    assert len(batch) == 0
    assert tokens(again) == own_tokens(llama, [5, 6], 9)


@pytest.mark.parametrize("asked", [[[5, 6, 7]], [[5], [6]]], ids=["read in parts", "read together"])
def test_nobody_is_lost_for_whom_there_is_no_room_among_the_rows(
    asked: list[list[int]], llama: PreTrainedModel, tokenizer: TokenizersBackend
) -> None:
    class Full(SlotDecoder):
        def join(self, prompt: Prompt[Cache]) -> None:
            raise MemoryError("no room for another row")

    members = [Member(continuation(prompt, 4, tokenizer), list[Piece | Exception]().append) for prompt in asked]
    batch = Batch(Full(llama), prompt_tokens=2)
    with pytest.raises(MemoryError):
        list(map(batch.step, (members, [], [])))
    assert batch.clear() == members


def test_logits_that_are_not_finite_fail_one_sequence(llama: PreTrainedModel, tokenizer: TokenizersBackend) -> None:
    class Broken(SlotDecoder):
        def step(self, tokens: Sequence[int]) -> torch.Tensor:
            logits = super().step(tokens).clone()
            logits[0, 7] = torch.nan
            return logits

    first, second = list[Piece | Exception](), list[Piece | Exception]()
    batch = Batch(Broken(llama))
    batch.step(
        [
            Member(continuation([5, 6], 4, tokenizer), first.append),
            Member(continuation([7, 8], 4, tokenizer), second.append),
        ]
    )
    batch.step([])

    assert isinstance(first[-1], ArithmeticError)
    assert isinstance(second[-1], Piece)
