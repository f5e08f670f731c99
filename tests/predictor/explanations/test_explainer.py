import asyncio
import copy
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from transformers import CanineTokenizer

from tests.predictor.gated import GatedEngine
from transformermodel_api.explanations import ExplanationLimits, Explanations
from transformermodel_predictor.batching import Overloaded
from transformermodel_predictor.explanations.explanation import Method
from transformermodel_predictor.explanations.settings import NotExplained
from transformermodel_predictor.generalized_handler import GeneralizedHandler
from transformermodel_predictor.loading import LoadedModel
from transformermodel_predictor.tasks.task import InvalidQuestion
from transformermodel_predictor.workers import Workers

TEXT = "i love this movie it was good"


@pytest.fixture
def handler(tiny_model: LoadedModel, workers: Workers) -> GeneralizedHandler:
    return GeneralizedHandler("tiny", tiny_model, workers)


@pytest.mark.parametrize("method", list(Method))
async def test_every_method_says_what_each_word_did_for_the_answer(handler: GeneralizedHandler, method: Method) -> None:
    (explained,) = await handler.explain([{"text": TEXT}], {"method": method.value})
    (answer,) = await handler.answer([{"text": TEXT}])
    assert explained.answer == answer.fields
    (explanation,) = explained.explanations
    assert (explanation.method, explanation.target) == (method, answer.fields["label"])
    assert [word.text for word in explanation.words] == TEXT.split()
    assert math.hypot(*(token.importance for token in explanation.tokens)) == pytest.approx(1)


async def test_rows_asked_together_are_explained_as_each_alone(handler: GeneralizedHandler) -> None:
    texts = [TEXT, "bad", "hate this"]
    together = await handler.explain([{"text": text} for text in texts])
    alone = [explained for text in texts for explained in await handler.explain([{"text": text}])]
    for one, other in zip(together, alone, strict=True):
        assert [word.importance for word in one.explanations[0].words] == pytest.approx(
            [word.importance for word in other.explanations[0].words], abs=1e-3
        )


async def test_predictions_are_answered_while_much_is_explained(handler: GeneralizedHandler) -> None:
    explaining = [asyncio.ensure_future(handler.explain([{"text": TEXT}], {"steps": 200})) for _ in range(8)]
    answers = await asyncio.gather(*(handler.answer([{"text": TEXT}]) for _ in range(20)))
    assert len({answer[0].fields["label"] for answer in answers}) == 1
    assert all(len(explained) == 1 for explained in await asyncio.gather(*explaining))


async def test_a_target_that_is_not_there_names_its_row_and_what_is_possible(handler: GeneralizedHandler) -> None:
    with pytest.raises(InvalidQuestion, match=r"^target 'nobody' is not there; possible are the classes"):
        await handler.explain([{"text": TEXT}], {"target": "nobody"})
    with pytest.raises(InvalidQuestion, match=r"^row \d: target 'nobody' is not there"):
        await handler.explain([{"text": TEXT}, {"text": "bad"}], {"target": "nobody"})


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        ({"target": "nobody"}, "target 'nobody' is not there"),
        ({"target": [0, 1, 2]}, "there are 3 targets to explain, and at most 2 are allowed"),
        ({"target": "all"}, "there are 3 targets"),
        ({"method": "lime", "baseline": "mask"}, "the tokenizer has no mask token"),
    ],
)
async def test_what_is_known_to_be_impossible_is_refused_before_the_model_is_asked(
    gated_model: LoadedModel, gated_engine: GatedEngine, workers: Workers, asked: Mapping[str, Any], problem: str
) -> None:
    gated_engine.open()
    tokenizer = copy.deepcopy(gated_model.tokenizer)
    tokenizer.mask_token = None
    settings = Explanations(limits=ExplanationLimits(targets=2))
    handler = GeneralizedHandler("tiny", replace(gated_model, tokenizer=tokenizer), workers, explanations=settings)
    with pytest.raises(InvalidQuestion, match=problem):
        await handler.explain([{"text": TEXT}], asked)
    assert gated_engine.steps == []


async def test_where_explanations_are_switched_off_the_request_is_told(
    tiny_model: LoadedModel, workers: Workers
) -> None:
    handler = GeneralizedHandler("tiny", tiny_model, workers, explanations=Explanations(enabled=False))
    with pytest.raises(NotExplained, match="switched off"):
        await handler.explain([{"text": TEXT}])


@pytest.mark.parametrize("method", [Method.Saliency, Method.FeatureAblation])
async def test_a_tokenizer_that_does_not_know_where_its_tokens_stand_is_told_of(
    tiny_model: LoadedModel, workers: Workers, method: Method
) -> None:
    handler = GeneralizedHandler("tiny", replace(tiny_model, tokenizer=CanineTokenizer()), workers)
    with pytest.raises(
        InvalidQuestion, match="answers of this model cannot be explained: CanineTokenizer does not give the offsets"
    ):
        await handler.explain([{"text": TEXT}], {"method": method.value, "baseline": "pad"})


async def test_no_more_are_admitted_than_may_wait(tiny_model: LoadedModel, workers: Workers) -> None:
    limits = ExplanationLimits(queue_size=1)
    handler = GeneralizedHandler("tiny", tiny_model, workers, explanations=Explanations(limits=limits))
    first = asyncio.ensure_future(handler.explain([{"text": TEXT}]))
    await asyncio.sleep(0)
    with pytest.raises(Overloaded, match="explanations are waiting"):
        await handler.explain([{"text": TEXT}])
    assert len(await first) == 1


async def test_more_targets_than_allowed_are_refused(tiny_model: LoadedModel, workers: Workers) -> None:
    limits = ExplanationLimits(targets=1)
    handler = GeneralizedHandler("tiny", tiny_model, workers, explanations=Explanations(limits=limits))
    with pytest.raises(InvalidQuestion, match="there are 3 targets to explain, and at most 1 are allowed"):
        await handler.explain([{"text": TEXT}], {"target": "all"})
