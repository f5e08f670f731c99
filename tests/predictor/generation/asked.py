"""Prompts, and what transformers itself makes of them."""

import random
from collections.abc import Sequence

import torch
from transformers import PreTrainedModel, TokenizersBackend

from tests.predictor.tiny_language import END, VOCABULARY
from transformermodel_predictor.generation.batch import Batch, Member
from transformermodel_predictor.generation.parameters import GenerationParameters
from transformermodel_predictor.generation.piece import Piece
from transformermodel_predictor.generation.sequence import Continuation


def prompts(count: int) -> list[list[int]]:
    """Of very different lengths, so that rows of the cache end in different columns."""
    chosen = random.Random(5)  # noqa: S311
    return [[chosen.randrange(3, VOCABULARY) for _ in range(chosen.randrange(1, 30))] for _ in range(count)]


def own_tokens(model: PreTrainedModel, prompt: Sequence[int], most: int, **said: object) -> list[int]:
    """What transformers generates for this prompt alone."""
    ids = torch.tensor([prompt])
    settings = {"do_sample": False, "eos_token_id": END, "pad_token_id": 0, **said}
    made = model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=most, **settings)
    return made[0, len(prompt) :].tolist()


def continuation(
    prompt: Sequence[int], most: int, tokenizer: TokenizersBackend, end: int = END, **said: object
) -> Continuation:
    return Continuation(prompt, GenerationParameters(max_new_tokens=most, **said), [end], tokenizer)


def tokens(pieces: Sequence[Piece]) -> list[int]:
    return [piece.token for piece in pieces]


def require_that_company_changes_nobody(batch: Batch, model: PreTrainedModel, tokenizer: TokenizersBackend) -> None:
    """Let sequences join later than others and one leave early; the others get what the model gives them alone."""
    asked = prompts(8)
    told: list[list[Piece | Exception]] = [[] for _ in asked]
    members = [Member(continuation(prompt, 12 - i, tokenizer), told[i].append) for i, prompt in enumerate(asked)]

    for member in members:
        batch.step([member])
        batch.step([])
    members[6].cancelled = True
    while len(batch):
        batch.step([])

    for i, prompt in enumerate(asked):
        own = own_tokens(model, prompt, 12 - i)
        made = [piece.token for piece in told[i] if isinstance(piece, Piece)]
        assert made == (own if i != 6 else own[: len(made)])
    assert len(told[6]) < 6
