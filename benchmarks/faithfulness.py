"""Whether explanations name the words that the sentiment example goes by, and what each method asks of the model.

    python -m benchmarks.faithfulness [--orders N]

Words are left out and added in the order of their importance, beside random orders; the figures are the means over a
few reviews of the area under the curve of the probability of the class that was predicted.
"""

import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from benchmarks.report import Result, main
from benchmarks.serving.models import prepare
from transformermodel_predictor.artifact.directory import open_artifact
from transformermodel_predictor.explanations.driving import drive
from transformermodel_predictor.explanations.explanation import Baseline, Method, Options
from transformermodel_predictor.explanations.faithfulness import Areas, ClassProbability, judge
from transformermodel_predictor.explanations.game import Game
from transformermodel_predictor.explanations.methods.catalogue import METHODS
from transformermodel_predictor.explanations.model_access import ModelAccess, baseline_tokens_of
from transformermodel_predictor.explanations.target import Target
from transformermodel_predictor.explanations.tasks.catalogue import explainable
from transformermodel_predictor.explanations.twins import load_twin
from transformermodel_predictor.loading import LoadedModel, load_model

REVIEWS = (
    "I love this movie, it was fantastic!",
    "The battery died after two days and nobody answered my emails.",
    "The room was small and dark, but the staff were wonderful and breakfast was the best I have had in years.",
    "I was looking forward to this for months, and what a disappointment it turned out to be.",
    "Fast delivery, well packed, works as described.",
    "The plot makes no sense, the actors look bored and the ending is an insult to everyone who stayed until then.",
    "Not bad at all: my children ask for it every evening.",
    "Overpriced, noisy and broken within a week; do not buy this.",
)


@dataclass(frozen=True)
class Judged:
    """A method on one review: areas, and evaluations that it took."""

    method: Method
    explained: Areas
    random: Areas
    evaluations: int


def measure(orders: int = 20) -> Result:
    """Explain every review by every method, and compare each with random orders."""
    with tempfile.TemporaryDirectory() as folder:
        path = prepare(Path(folder), "Packed", "Float32").path
        model = load_model(open_artifact(path))
        assert isinstance(model, LoadedModel)
        twin = load_twin(path, model.task)
        access = ModelAccess(baseline_tokens_of(model.tokenizer, "bert"), twin.embed)
        judged = []
        for target in (target_of(model, review) for review in REVIEWS):
            for method in METHODS:
                found = drive(METHODS[method](target, Options(method=method), access), model.engine, twin)
                told = drive(judge(game_of(model, target, access), found.values, orders=orders), model.engine)
                judged.append(Judged(method, told.explained, told.random, found.steps))
    return Result(_table(judged), [asdict(one) for one in judged])


def target_of(model: LoadedModel, text: str) -> Target:
    """The class that was predicted."""
    task = explainable(model.task)
    question = model.task.question({"text": text}, {})
    (windows,) = task.encode(model.tokenizer, [question])
    (target,) = task.targets(question, windows, model.engine.run(windows), None)
    return target


def game_of(model: LoadedModel, target: Target, access: ModelAccess) -> Game:
    """The target's words, judged by the probability of its class."""
    objective = ClassProbability(model.task.labels.index(target.name))
    return Game(replace(target, objective=objective), access.baseline_token(Baseline.Pad))


def _table(judged: Sequence[Judged]) -> str:
    rows = [
        "| method | left out: area (lower is better) | added: area (higher) | evaluations |",
        "|--|--|--|--|",
    ]
    for method in METHODS:
        of_method = [one for one in judged if one.method is method]
        areas = Areas.mean([one.explained for one in of_method])
        evaluations = statistics.fmean(one.evaluations for one in of_method)
        rows.append(f"| {method} | {areas.deletion:.3f} | {areas.insertion:.3f} | {evaluations:.0f} |")
    random = Areas.mean([one.random for one in judged])
    return "\n".join([*rows, f"| random order | {random.deletion:.3f} | {random.insertion:.3f} | 0 |"])


if __name__ == "__main__":
    main(measure)
