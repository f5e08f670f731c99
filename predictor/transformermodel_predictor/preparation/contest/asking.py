"""Asks models the questions on which candidates are compared with the reference."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from transformers import PreTrainedTokenizerBase

from transformermodel_predictor.checkpoints.limits import model_limit
from transformermodel_predictor.engines.engine import Engine
from transformermodel_predictor.engines.pretrained import PretrainedEngine
from transformermodel_predictor.generation.batch import generate
from transformermodel_predictor.generation.decoder import SeparateDecoder
from transformermodel_predictor.generation.loaded import LoadedGenerator, generated_text
from transformermodel_predictor.generation.loading import ends_of
from transformermodel_predictor.generation.sequence import Continuation
from transformermodel_predictor.generation.text import GeneratedText
from transformermodel_predictor.loading import LoadedModel, regroup
from transformermodel_predictor.preparation.merge import Merged
from transformermodel_predictor.tasks.task import EncoderTask, Encoding
from transformermodel_predictor.tasks.text_generation import TextGeneration

AnyModel = LoadedModel | LoadedGenerator
AnyTask = EncoderTask[Any, Any] | TextGeneration


@dataclass(frozen=True)
class StepLimits:
    """Limits on the steps in which candidates are compared and measured: the server's defaults, or the request's.

    Attributes:
        rows: largest number of rows.
        tokens: largest number of tokens, padding included; a longer row runs alone.
    """

    rows: int = 32
    tokens: int = 4096


ALONE = StepLimits(rows=1)
"""Nothing is padded."""


def ask(model: AnyModel, questions: Sequence[Any], limits: StepLimits) -> list[Any]:
    """The task's own answers of a candidate, in the order of the questions."""
    if isinstance(model, LoadedGenerator):
        parts = [questions[at : at + limits.rows] for at in range(0, len(questions), limits.rows)]
        return [text for part in parts for text in model.ask(part)]
    return _decoded(model.task, model.tokenizer, model.engine, questions, limits)


def ask_reference(merged: Merged, task: AnyTask, questions: Sequence[Any]) -> list[Any]:
    """The answers of the model in memory, as transformers runs it, each question alone."""
    if isinstance(task, TextGeneration):
        return [_generated(merged, task, question) for question in questions]
    return _decoded(task, merged.tokenizer, PretrainedEngine(merged.model), questions, ALONE)


def steps(rows: Sequence[Encoding], limits: StepLimits) -> Iterator[list[Encoding]]:
    """The rows in steps, in order, so that steps mix short and long rows."""
    step: list[Encoding] = []
    for row in rows:
        longest = max(len(other) for other in (*step, row))
        if step and (len(step) == limits.rows or longest * (len(step) + 1) > limits.tokens):
            yield step
            step = []
        step.append(row)
    if step:
        yield step


def _decoded(
    task: EncoderTask[Any, Any],
    tokenizer: PreTrainedTokenizerBase,
    engine: Engine,
    questions: Sequence[Any],
    limits: StepLimits,
) -> list[Any]:
    windows = task.encode(tokenizer, questions)
    rows = [encoding for parts in windows for encoding in parts]
    outputs = [result for step in steps(rows, limits) for result in engine.run(step)]
    return task.decode(questions, windows, regroup(outputs, windows))


def _generated(merged: Merged, task: TextGeneration, question: Any) -> GeneratedText:  # noqa: ANN401
    model, tokenizer = merged.model, merged.tokenizer
    prompt = task.encode(tokenizer, question, model_limit(model))
    parameters, ends = prompt.question.parameters, ends_of(model, tokenizer)
    continuation = Continuation(prompt.tokens, parameters, ends, tokenizer, measured=True)
    (pieces,) = generate(SeparateDecoder(model), [continuation])
    return generated_text(prompt, pieces)
