"""Scores are the model's own log-probabilities, each told with the text that its token writes."""

from collections.abc import Sequence

import pytest
import torch
from transformers import PreTrainedModel, TokenizersBackend

from tests.predictor.tiny_language import END
from transformermodel_predictor.generation.batch import generate
from transformermodel_predictor.generation.parameters import GenerationParameters
from transformermodel_predictor.generation.piece import FinishReason, Piece, Score
from transformermodel_predictor.generation.scores import Scores
from transformermodel_predictor.generation.sequence import Continuation
from transformermodel_predictor.generation.slots import SlotDecoder

PROMPT = [5, 9, 30]


def written(model: PreTrainedModel, tokenizer: TokenizersBackend, likeliest: int | None, **said: object) -> list[Piece]:
    parameters = GenerationParameters(**{"max_new_tokens": 12, **said})
    (pieces,) = generate(SlotDecoder(model), [Continuation(PROMPT, parameters, [END], tokenizer, likeliest=likeliest)])
    return pieces


def scores_of(pieces: Sequence[Piece]) -> list[Score]:
    return [score for piece in pieces for score in piece.scores]


@torch.inference_mode()
def reference(model: PreTrainedModel, tokens: Sequence[int]) -> torch.Tensor:
    """Log-probabilities [tokens, vocabulary] at the places of what follows the prompt, all read at once."""
    logits = model(torch.tensor([[*PROMPT, *tokens]])).logits[0]
    return logits[len(PROMPT) - 1 : -1].log_softmax(-1)


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"do_sample": True, "temperature": 3.0, "top_p": 0.9, "top_k": 40, "seed": 4},
        {"repetition_penalty": 1.5, "min_new_tokens": 12},
    ],
    ids=["greedy", "sampled", "penalized"],
)
def test_they_are_those_of_the_model_alone(
    said: dict[str, object], llama: PreTrainedModel, tokenizer: TokenizersBackend
) -> None:
    pieces = written(llama, tokenizer, 4, **said)
    expected = reference(llama, [piece.token for piece in pieces])

    scores = scores_of(pieces)

    assert pieces[-1].finish_reason is FinishReason.Length
    chosen = expected.gather(1, torch.tensor([[piece.token] for piece in pieces]))[:, 0]
    assert [score.chosen.logprob for score in scores] == pytest.approx(chosen.tolist(), abs=1e-5)
    best = [[token.logprob for token in score.likeliest] for score in scores]
    assert torch.allclose(torch.tensor(best), expected.topk(4).values, atol=1e-5)


def test_asking_for_scores_changes_no_token_and_not_asking_gives_none(
    llama: PreTrainedModel, tokenizer: TokenizersBackend
) -> None:
    said = {"do_sample": True, "seed": 11, "temperature": 2.0}

    without, scored = written(llama, tokenizer, None, **said), written(llama, tokenizer, 0, **said)

    assert [piece.token for piece in scored] == [piece.token for piece in without]
    assert len(scores_of(scored)) == len(scored)
    assert all(score.likeliest == () for score in scores_of(scored))
    assert scores_of(without) == []


def test_a_score_comes_with_the_text_that_its_token_begins(
    llama: PreTrainedModel, tokenizer: TokenizersBackend
) -> None:
    told = 0
    for piece in written(llama, tokenizer, 1, stop=("never written",))[:-1]:
        assert all(told <= score.offset < told + len(piece.text) for score in piece.scores)
        told += len(piece.text)


def test_tokens_behind_a_stop_have_no_score(llama: PreTrainedModel, tokenizer: TokenizersBackend) -> None:
    pieces = written(llama, tokenizer, 1)
    text = "".join(piece.text for piece in pieces)
    third = scores_of(pieces)[3].offset

    stopped = written(llama, tokenizer, 1, stop=(text[third : third + 2],))

    assert "".join(piece.text for piece in stopped) == text[:third]
    assert scores_of(stopped) == scores_of(pieces)[:3]


def test_what_cannot_be_is_a_number_all_the_same(tokenizer: TokenizersBackend) -> None:
    scores = Scores(tokenizer, 3)

    scores.add(torch.tensor([0.0, -torch.inf, -torch.inf]), 0, 0, 1)

    (score,) = scores.rest()
    assert [token.logprob for token in score.likeliest] == [0.0, -9999.0, -9999.0]
