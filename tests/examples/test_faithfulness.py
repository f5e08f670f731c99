"""The explanations of the sentiment example name the words that it goes by, by gradients and by leaving words out."""

import statistics
from dataclasses import replace

import pytest

from tests.examples.conftest import Example
from transformermodel_predictor.explanations.driving import drive
from transformermodel_predictor.explanations.explanation import Baseline, Method, Options
from transformermodel_predictor.explanations.faithfulness import ClassProbability, Faithfulness, judge
from transformermodel_predictor.explanations.game import Game
from transformermodel_predictor.explanations.methods.catalogue import METHODS
from transformermodel_predictor.explanations.model_access import ModelAccess, baseline_tokens_of
from transformermodel_predictor.explanations.target import Target
from transformermodel_predictor.explanations.tasks.catalogue import explainable
from transformermodel_predictor.explanations.twin import Twin
from transformermodel_predictor.explanations.twins import load_twin
from transformermodel_predictor.loading import LoadedModel

pytestmark = pytest.mark.slow

REVIEWS = (
    "The battery died after two days and nobody answered my emails.",
    "Overpriced, noisy and broken within a week; do not buy this.",
)

SAMPLES = {Method.ShapleySampling: 4, Method.KernelShap: 60, Method.Lime: 60}
"""Few, which is enough for texts of a dozen words."""


@pytest.fixture(scope="module")
def model(example: Example) -> LoadedModel:
    return example("sentiment")


@pytest.fixture(scope="module")
def targets(model: LoadedModel) -> list[Target]:
    """The predicted class of each review."""
    task = explainable(model.task)
    questions = [model.task.question({"text": review}, {}) for review in REVIEWS]
    windows = task.encode(model.tokenizer, questions)
    return [
        target
        for question, parts in zip(questions, windows, strict=True)
        for target in task.targets(question, parts, model.engine.run(parts), None)
    ]


@pytest.fixture(scope="module")
def twin(model: LoadedModel) -> Twin:
    return load_twin(model.artifact.path, model.task)


# Input times gradient is left out: a slope at the text itself does not tell what leaving a word out does, and on this
# model it orders words no better than chance.
@pytest.mark.parametrize("method", [method for method in METHODS if method is not Method.InputXGradient])
def test_leaving_out_the_most_important_words_turns_the_answer_over(
    method: Method, model: LoadedModel, targets: list[Target], twin: Twin
) -> None:
    access = ModelAccess(baseline_tokens_of(model.tokenizer, "bert"), twin.embed)
    judged = [_judgement(method, target, model, access, twin) for target in targets]
    assert statistics.fmean(one.explained.deletion for one in judged) < 0.7 * statistics.fmean(
        one.random.deletion for one in judged
    )
    assert statistics.fmean(one.explained.insertion for one in judged) > 0.1 + statistics.fmean(
        one.random.insertion for one in judged
    )


def _judgement(method: Method, target: Target, model: LoadedModel, access: ModelAccess, twin: Twin) -> Faithfulness:
    """By the probability of the target's class, as the engine that serves tells it."""
    found = drive(METHODS[method](target, Options(method, samples=SAMPLES.get(method)), access), model.engine, twin)
    objective = ClassProbability(model.task.labels.index(target.name))
    game = Game(replace(target, objective=objective), access.baseline_token(Baseline.Pad))
    return drive(judge(game, found.values, orders=3), model.engine)
