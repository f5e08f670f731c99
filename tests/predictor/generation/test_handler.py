"""Many clients, one batch, off the event loop."""

import asyncio
import copy
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.predictor.event_loop import rounds_counted
from tests.predictor.gated import PATIENCE_SECONDS
from tests.predictor.generation.gated import GatedDecoder, behind
from transformermodel_api.explanations import ExplanationLimits, Explanations
from transformermodel_api.predictor import Batching
from transformermodel_predictor.artifact.directory import Artifact
from transformermodel_predictor.batching import Overloaded
from transformermodel_predictor.explanations.settings import NotExplained
from transformermodel_predictor.generation.generator import GenerationLimits
from transformermodel_predictor.generation.handler import GenerationHandler
from transformermodel_predictor.generation.loaded import LoadedGenerator
from transformermodel_predictor.generation.piece import FinishReason
from transformermodel_predictor.generation.sequence import Continuation
from transformermodel_predictor.generation.text import EncodedPrompt, GenerationQuestion
from transformermodel_predictor.handlers import make_handler
from transformermodel_predictor.portions import PORTION
from transformermodel_predictor.server.models.options import ModelOptions
from transformermodel_predictor.server.native_loading import load_handler
from transformermodel_predictor.tasks.task import InvalidQuestion
from transformermodel_predictor.telemetry.observer import Unobserved
from transformermodel_predictor.workers import Workers

PROMPTS = ("the fox", "once upon a time", "Größe", "a", "over the lazy dog")


@pytest.fixture
def handler(generator: LoadedGenerator, workers: Workers) -> GenerationHandler:
    made = make_handler("tiny", generator, workers)
    assert isinstance(made, GenerationHandler)
    return made


async def test_answers_are_those_of_the_model_alone(handler: GenerationHandler, generator: LoadedGenerator) -> None:
    parameters = {"max_new_tokens": 9}

    at_once = await asyncio.gather(*(handler.answer([{"text": text}], parameters) for text in PROMPTS))

    assert [answer.fields for (answer,) in at_once] == [
        generator.answer([{"text": text}], parameters)[0] for text in PROMPTS
    ]


async def test_every_token_that_is_generated_is_counted_and_no_other(
    generator: LoadedGenerator, workers: Workers
) -> None:
    class Counting(Unobserved):
        tokens = 0

        def generated(self, tokens: int) -> None:
            self.tokens += tokens

    counting = Counting()
    handler = GenerationHandler("tiny", generator, workers, observer=counting)
    parameters = {"max_new_tokens": 5, "min_new_tokens": 5}
    await asyncio.gather(*(handler.answer([{"text": text}], parameters) for text in PROMPTS))
    await asyncio.wrap_future(workers.engine.submit(int))  # the last step's end is told after its pieces

    assert counting.tokens == 5 * len(PROMPTS)


async def test_rows_of_one_request_come_back_in_their_order(handler: GenerationHandler) -> None:
    rows = await handler.answer([{"text": text} for text in PROMPTS], {"max_new_tokens": 4})

    for text, row in zip(PROMPTS, rows, strict=True):
        assert [row] == await handler.answer([{"text": text}], {"max_new_tokens": 4})


async def test_requests_that_come_while_others_run_join_them(
    generator: LoadedGenerator, workers: Workers, gated: GatedDecoder
) -> None:
    handler = GenerationHandler("tiny", behind(gated, generator), workers)
    parameters = {"max_new_tokens": 6, "min_new_tokens": 6}
    first = asyncio.create_task(handler.answer([{"text": "a"}], parameters))
    gated.permit(2)
    second = asyncio.create_task(handler.answer([{"text": "b"}], parameters))
    gated.permit(100)

    await asyncio.gather(first, second)

    assert 2 in gated.steps
    assert len(gated.steps) < 10


async def test_requests_take_turns_and_replicas_run_at_once(
    generator: LoadedGenerator, workers: Workers, gated: GatedDecoder
) -> None:
    other = GatedDecoder(generator.new_decoder())
    handler = GenerationHandler("tiny", replace(behind(gated, generator), replicas=(lambda: other,)), workers)
    asked = [
        asyncio.create_task(handler.answer([{"text": text}], {"max_new_tokens": 3, "min_new_tokens": 3}))
        for text in "ab"
    ]

    other.permit(2)
    (second,) = await asked[1]
    assert not asked[0].done(), "it is still held on its own device"
    gated.permit(2)
    (first,) = await asked[0]
    workers.shutdown()

    assert gated.steps == other.steps == [1, 1]
    assert [answer.fields for answer in (first, second)] == generator.answer(
        [{"text": "a"}, {"text": "b"}], {"max_new_tokens": 3, "min_new_tokens": 3}
    )


async def test_pieces_come_as_they_are_made_and_together_are_the_text(
    generator: LoadedGenerator, workers: Workers, gated: GatedDecoder
) -> None:
    handler = GenerationHandler("tiny", behind(gated, generator), workers)
    question = handler.question({"text": "the fox"}, {"max_new_tokens": 5, "min_new_tokens": 5})
    pieces = []

    async for piece in handler.stream(await handler.encode(question)):
        pieces.append(piece)
        assert len(gated.steps) <= len(pieces)
        gated.permit(1)

    (whole,) = generator.ask([question])
    assert tuple(piece.token for piece in pieces) == whole.tokens
    assert "".join(piece.text for piece in pieces) == whole.text
    assert [piece.finish_reason for piece in pieces] == [None] * 4 + [FinishReason.Length]


async def test_a_library_that_panics_fails_who_was_in_the_step_and_not_the_model(
    generator: LoadedGenerator, workers: Workers, gated: GatedDecoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Panic(BaseException):
        """As a library in Rust raises it."""

    def panic(*_: object) -> None:
        raise Panic("index out of bounds")

    gated.permit(1000)
    handler = GenerationHandler("tiny", behind(gated, generator), workers)
    with monkeypatch.context() as broken:
        broken.setattr(gated, "step", panic)
        with pytest.raises(RuntimeError, match="Panic: index out of bounds"):
            await asyncio.wait_for(handler.answer([{"text": "a"}], {"min_new_tokens": 3}), PATIENCE_SECONDS)
    assert await handler.answer([{"text": "a"}], {"max_new_tokens": 3})


async def test_a_client_that_goes_frees_its_place(
    generator: LoadedGenerator, workers: Workers, gated: GatedDecoder
) -> None:
    handler = GenerationHandler("tiny", behind(gated, generator), workers, GenerationLimits(admitted=1))
    long = {"max_new_tokens": 50, "min_new_tokens": 50}
    going = asyncio.create_task(handler.answer([{"text": "a"}], long))
    while not gated.steps:
        gated.permit(1)
        await asyncio.sleep(0)

    going.cancel()
    with pytest.raises(asyncio.CancelledError):
        await going
    gated.permit(1000)
    (answer,) = await handler.answer([{"text": "b"}], {"max_new_tokens": 3, "min_new_tokens": 3})

    assert answer.fields["generated_tokens"] == 3
    assert len(gated.steps) < 20
    assert max(gated.steps) == 1


async def test_closing_a_stream_ends_the_generating(
    generator: LoadedGenerator, workers: Workers, gated: GatedDecoder
) -> None:
    handler = GenerationHandler("tiny", behind(gated, generator), workers)
    question = handler.question({"text": "a"}, {"max_new_tokens": 50, "min_new_tokens": 50})
    stream = handler.stream(await handler.encode(question))
    gated.permit(1)
    await anext(stream)

    await stream.aclose()
    gated.permit(1000)
    await handler.answer([{"text": "b"}], {"max_new_tokens": 2, "min_new_tokens": 2})

    assert len(gated.steps) < 20


async def test_more_than_may_wait_is_refused(generator: LoadedGenerator, workers: Workers, gated: GatedDecoder) -> None:
    handler = GenerationHandler("tiny", behind(gated, generator), workers, GenerationLimits(admitted=2))
    waiting = asyncio.create_task(handler.answer([{"text": "a"}, {"text": "b"}], {"max_new_tokens": 3}))
    await asyncio.sleep(0)

    with pytest.raises(Overloaded, match="2 prompts are waiting, at most 2 may"):
        await handler.answer([{"text": "c"}])

    gated.permit(100)
    await waiting


async def test_a_model_is_loaded_with_the_limits_that_the_user_said(
    language_artifact: Artifact, workers: Workers
) -> None:
    options = ModelOptions().changed(None, {"max_queue_size": 1})
    handler = load_handler("tiny", language_artifact.path, workers, Unobserved(), options)
    waiting = asyncio.create_task(handler.answer([{"text": "a"}], {"max_new_tokens": 3}))
    await asyncio.sleep(0)

    with pytest.raises(Overloaded, match="1 prompts are waiting, at most 1 may"):
        await handler.answer([{"text": "b"}])

    await waiting


def test_limits_have_defaults_where_the_resource_says_nothing() -> None:
    assert GenerationLimits.of(Batching()) == GenerationLimits()
    assert GenerationLimits.of(Batching(max_tokens=9)) == GenerationLimits(positions=9)


@pytest.mark.parametrize(
    ("batching", "most"),
    [(Batching(max_batch_size=2), 2), (Batching(max_tokens=3 * 12), 3)],
    ids=["rows", "positions"],
)
async def test_no_more_go_together_than_the_resource_says(
    batching: Batching, most: int, generator: LoadedGenerator, workers: Workers, gated: GatedDecoder
) -> None:
    handler = make_handler("tiny", behind(gated, generator), workers, batching=batching)
    gated.permit(1000)

    answers = await handler.answer([{"text": text} for text in "abcdef"], {"max_new_tokens": 11, "min_new_tokens": 11})

    assert max(gated.steps) == most
    assert all(answer.fields["generated_tokens"] == 11 for answer in answers)


async def test_a_prompt_that_is_cut_says_so(handler: GenerationHandler) -> None:
    (answer,) = await handler.answer([{"text": "fox " * 60}], {"max_new_tokens": 4})

    assert answer.truncated > 0
    assert answer.fields["prompt_tokens"] == 60


async def test_a_bad_question_among_many_is_named(handler: GenerationHandler) -> None:
    with pytest.raises(InvalidQuestion, match="row 1: text must be a string"):
        await handler.answer([{"text": "a"}, {"text": 5}])


async def test_the_event_loop_is_free_while_the_model_works(
    generator: LoadedGenerator, workers: Workers, gated: GatedDecoder
) -> None:
    handler = GenerationHandler("tiny", behind(gated, generator), workers)
    working = asyncio.create_task(handler.answer([{"text": "a"}], {"max_new_tokens": 3, "min_new_tokens": 3}))

    for _ in range(100):
        await asyncio.sleep(0)

    assert not working.done()
    gated.permit(100)
    await working


async def test_many_prompts_begin_in_many_rounds_of_the_event_loop(
    generator: LoadedGenerator, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler = GenerationHandler("tiny", generator, workers, GenerationLimits(rows=4))
    begun, begin = [], LoadedGenerator.continuation

    def noted(model: LoadedGenerator, prompt: EncodedPrompt) -> Continuation:
        begun.append(rounds.count)
        return begin(model, prompt)

    monkeypatch.setattr(LoadedGenerator, "continuation", noted)
    async with rounds_counted() as rounds:
        await handler.answer([{"text": str(number)} for number in range(100)], {"max_new_tokens": 1})

    assert len(begun) == 100
    assert max(Counter(begun).values()) <= 2 * 4, "two batches' worth of them"


async def test_many_questions_are_read_in_many_rounds_of_the_event_loop(
    handler: GenerationHandler, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, reading = [], GenerationHandler.question

    def noted(self: GenerationHandler, fields: Mapping[str, Any], parameters: Mapping[str, Any]) -> GenerationQuestion:
        read.append(rounds.count)
        return reading(self, fields, parameters)

    monkeypatch.setattr(GenerationHandler, "question", noted)
    async with rounds_counted() as rounds:
        with pytest.raises(InvalidQuestion, match="row 299: text must be a string"):
            await handler.answer([*({"text": "a"} for _ in range(299)), {"text": 5}])

    assert len(read) == 300
    assert max(Counter(read).values()) <= PORTION


async def test_streams_of_one_request_are_never_refused_for_their_own_number(
    generator: LoadedGenerator, workers: Workers
) -> None:
    handler = GenerationHandler("tiny", generator, workers, GenerationLimits(rows=2, admitted=3))
    prompts = [
        await handler.encode(handler.question({"text": text}, {"max_new_tokens": 2, "min_new_tokens": 2}))
        for text in PROMPTS
    ]

    told = [(number, piece.token) async for number, piece in handler.streams(prompts)]

    alone = [text.tokens for text in generator.ask([prompt.question for prompt in prompts])]
    assert [tuple(token for of, token in told if of == number) for number in range(len(prompts))] == alone


async def test_a_generated_text_is_explained_by_its_prompt(handler: GenerationHandler) -> None:
    (explained,) = await handler.explain([{"text": "the fox"}], {"max_new_tokens": 3, "target": "tokens"})
    assert len(explained.explanations) == explained.answer["generated_tokens"]
    assert [word.text for word in explained.explanations[0].words] == ["the", "fox"]


async def test_where_no_token_stands_for_a_missing_word_the_ways_without_one_are_named(
    generator: LoadedGenerator, workers: Workers
) -> None:
    tokenizer = copy.deepcopy(generator.tokenizer)
    tokenizer.unk_token = tokenizer.eos_token = None
    handler = GenerationHandler("tiny", replace(generator, tokenizer=tokenizer), workers)
    asked = {"max_new_tokens": 1}

    with pytest.raises(InvalidQuestion, match=r"feature_ablation .* no pad token; not tried yet are integrated_gr"):
        await handler.explain([{"text": "the fox"}], asked)

    assert handler.explanation_facts is not None
    assert handler.explanation_facts["methods"]["integrated_gradients"] == ["zero"]
    possible = {"method": "integrated_gradients", "baseline": "zero", "steps": 4, "max_steps": 4}
    (explained,) = await handler.explain([{"text": "the fox"}], asked | possible)
    assert [word.text for word in explained.explanations[0].words] == ["the", "fox"]


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        ({"target": 3}, "target 3 is not there; .* from 0 to 2"),
        ({"target": [0, 1]}, "there are 2 targets"),
        ({"baseline": "mask"}, "no mask token"),
    ],
)
async def test_what_cannot_be_explained_is_refused_before_a_text_is_generated(
    generator: LoadedGenerator, workers: Workers, gated: GatedDecoder, asked: Mapping[str, Any], problem: str
) -> None:
    settings = Explanations(limits=ExplanationLimits(targets=1))
    handler = GenerationHandler("tiny", behind(gated, generator), workers, explanations=settings)
    gated.permit(100)
    with pytest.raises(InvalidQuestion, match=problem):
        await handler.explain([{"text": "the fox"}], {"max_new_tokens": 3, **asked})
    assert gated.steps == []


async def test_by_several_methods_one_text_is_explained(handler: GenerationHandler) -> None:
    asked = {"temperature": 5.0, "do_sample": True, "max_new_tokens": 8, "methods": ["feature_ablation", "lime"]}
    (explained,) = await handler.explain([{"text": "the fox"}], asked)
    assert [one.method for one in explained.explanations] == asked["methods"]
    assert [one.target for one in explained.explanations] == [explained.answer["generated_text"]] * 2


async def test_an_explanation_is_no_prediction_that_it_would_give_way_to(
    handler: GenerationHandler, workers: Workers
) -> None:
    await handler.explain([{"text": "the fox"}], {"max_new_tokens": 1})
    assert not workers.predicting
    await handler.answer([{"text": "the fox"}], {"max_new_tokens": 1})
    assert workers.predicting


async def test_a_text_from_a_model_whose_logits_cannot_be_had_is_not_explained(
    generator: LoadedGenerator, workers: Workers
) -> None:
    handler = GenerationHandler("tiny", replace(generator, engine=None), workers)
    with pytest.raises(NotExplained, match="prepare the model as Pretrained"):
        await handler.explain([{"text": "the fox"}])
