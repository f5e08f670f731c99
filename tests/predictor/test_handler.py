import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.predictor.event_loop import rounds_counted
from tests.predictor.gated import GatedEngine
from tests.predictor.tiny import LABELS, MAX_LENGTH
from transformermodel_predictor.batching import BatchLimits, Overloaded
from transformermodel_predictor.generalized_handler import GeneralizedHandler
from transformermodel_predictor.handler import read_questions
from transformermodel_predictor.loading import LoadedModel
from transformermodel_predictor.portions import PORTION
from transformermodel_predictor.tasks.configuration import TaskConfiguration
from transformermodel_predictor.tasks.question_answering import QuestionAnswering
from transformermodel_predictor.tasks.task import InvalidQuestion
from transformermodel_predictor.workers import Workers


@pytest.fixture
def handler(tiny_model: LoadedModel, workers: Workers) -> GeneralizedHandler:
    return GeneralizedHandler("tiny", tiny_model, workers)


async def test_many_clients_get_what_the_model_answers_alone(
    handler: GeneralizedHandler, tiny_model: LoadedModel
) -> None:
    texts = ["good", "bad movie", "i love this movie", "it was", "hate " * 9] * 8
    answers = await asyncio.gather(*(handler.answer([{"text": text}], {"probabilities": True}) for text in texts))
    for text, (answer,) in zip(texts, answers, strict=True):
        (expected,) = tiny_model.answer([{"text": text}], {"probabilities": True})
        assert answer.fields["probabilities"] == pytest.approx(expected["probabilities"], abs=1e-5)


async def test_an_answer_says_what_was_truncated(handler: GeneralizedHandler) -> None:
    whole, cut = await handler.answer([{"text": "good"}, {"text": "good " * 20}])
    assert (whole.truncated, cut.truncated) == (0, 20 + 2 - MAX_LENGTH)


async def test_a_bad_question_among_many_is_named(handler: GeneralizedHandler) -> None:
    with pytest.raises(InvalidQuestion, match="row 2: text must be a string"):
        await handler.answer([{"text": "a"}, {"text": "b"}, {"text": None}])


async def test_many_questions_are_read_in_many_rounds_of_the_event_loop() -> None:
    async with rounds_counted() as rounds:
        read = await read_questions(lambda fields, _: (fields["number"], rounds.count), [{"number": 7}] * 300, {})

    assert [number for number, _ in read] == [7] * 300
    assert max(Counter(when for _, when in read).values()) <= PORTION


async def test_a_question_among_many_that_turns_out_too_long_is_named(
    tiny_model: LoadedModel, workers: Workers
) -> None:
    task = QuestionAnswering(TaskConfiguration((), MAX_LENGTH))
    handler = GeneralizedHandler("tiny", replace(tiny_model, task=task), workers)
    short, long = ({"question": "good " * count, "context": "it was bad"} for count in (1, MAX_LENGTH))
    with pytest.raises(InvalidQuestion, match=r"^row 1: the question is too long"):
        await handler.answer([short, long, short])
    with pytest.raises(InvalidQuestion, match=r"^the question is too long"):
        await handler.answer([long])


async def test_too_much_is_refused_before_it_costs_anything(
    gated_model: LoadedModel, gated_engine: GatedEngine, workers: Workers
) -> None:
    handler = GeneralizedHandler("tiny", gated_model, workers, BatchLimits(admitted=2))
    first = asyncio.create_task(handler.answer([{"text": "good"}, {"text": "bad"}]))
    await asyncio.to_thread(gated_engine.wait_until_busy)
    with pytest.raises(Overloaded):
        await handler.answer([{"text": "movie"}])
    gated_engine.open()
    await first
    assert len(await handler.answer([{"text": "movie"}])) == 1


def test_metadata_tells_inputs_outputs_labels_limits_and_origin(
    handler: GeneralizedHandler, tiny_model: LoadedModel
) -> None:
    metadata = handler.metadata
    digest = tiny_model.artifact.manifest.digest
    assert [spec.name for spec in metadata.inputs] == ["text", "text_pair"]
    assert [spec.name for spec in metadata.outputs] == ["label", "score", "probabilities"]
    assert metadata.version == digest[:12]
    assert metadata.parameters["labels"] == list(LABELS)
    assert metadata.parameters["max_length"] == MAX_LENGTH
    assert metadata.parameters["digest"] == digest


class TestReplicas:
    @pytest.fixture
    def engines(self) -> tuple[GatedEngine, GatedEngine]:
        return GatedEngine(), GatedEngine()

    @pytest.fixture
    def replicated(
        self, tiny_model: LoadedModel, engines: tuple[GatedEngine, GatedEngine], workers: Workers
    ) -> Iterator[GeneralizedHandler]:
        one, other = engines
        yield GeneralizedHandler("tiny", replace(tiny_model, engine=one, replicas=(other,)), workers)
        one.open()
        other.open()
        workers.shutdown()

    async def test_requests_take_turns_and_replicas_run_at_once(
        self, replicated: GeneralizedHandler, engines: tuple[GatedEngine, GatedEngine]
    ) -> None:
        answers = [asyncio.create_task(replicated.answer([{"text": "good"}])) for _ in engines]
        for engine in engines:
            await asyncio.to_thread(engine.wait_until_busy)
            engine.open()
        assert len(await asyncio.gather(*answers)) == 2

    async def test_a_busy_replica_is_passed_over(
        self, replicated: GeneralizedHandler, engines: tuple[GatedEngine, GatedEngine]
    ) -> None:
        one, other = engines
        other.open()
        held = asyncio.create_task(replicated.answer([{"text": "good"}]))
        await asyncio.to_thread(one.wait_until_busy)
        for _ in range(4):
            await replicated.answer([{"text": "bad"}])
        assert (len(one.steps), len(other.steps)) == (1, 4)
        one.open()
        await held
