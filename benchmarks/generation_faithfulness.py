"""Whether explanations name the words of a prompt that a language model goes by, and what its way from nothing is like.

    python -m benchmarks.generation_faithfulness [--orders N] [--steps N]

The generation example continues each prompt by a few tokens, greedily. Words of the prompt are left out and added in
the order of their importance, beside random orders; the figures are the means over the prompts of the area under the
curve of the probability of a token (the geometric mean over the continuation). Of integrated gradients each prompt has
a row of its own: whether its steps sufficed, and by how much the values then still miss their sum.
"""

import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch

from benchmarks.report import Result, main
from benchmarks.serving.models import prepare_manifest
from transformermodel_predictor.artifact.directory import open_artifact
from transformermodel_predictor.explanations.driving import drive
from transformermodel_predictor.explanations.explanation import Attribution, Baseline, Method, Options
from transformermodel_predictor.explanations.faithfulness import Areas, Faithfulness, judge
from transformermodel_predictor.explanations.game import Game, Worths
from transformermodel_predictor.explanations.methods.catalogue import METHODS
from transformermodel_predictor.explanations.model_access import ModelAccess, baseline_tokens_of
from transformermodel_predictor.explanations.objectives import ContinuationLogProbability
from transformermodel_predictor.explanations.target import Target
from transformermodel_predictor.explanations.tasks.catalogue import explainable
from transformermodel_predictor.explanations.twin import Twin
from transformermodel_predictor.explanations.twins import load_twin
from transformermodel_predictor.generation.loaded import LoadedGenerator
from transformermodel_predictor.loading import load_model
from transformermodel_predictor.tasks.task import Outputs

PROMPTS = (
    "The capital of France is",
    "The opposite of hot is",
    "Water freezes at a temperature of",
    "She opened the umbrella because it was",
    "In 1969 the first man walked on the",
    "Monday, Tuesday, Wednesday,",
    "Two plus two equals",
    "The dog barked at the stranger who came to the",
)
_NEW_TOKENS = 2
_MODEL = Path("examples/generation/model.yaml")


@dataclass(frozen=True)
class TokenProbability:
    """The geometric mean of the probabilities of a continuation's tokens: bounded, as their logarithms are not."""

    continuation: ContinuationLogProbability

    def value(self, outputs: Outputs) -> torch.Tensor:
        """See `Objective`."""
        return (self.continuation.value(outputs) / len(self.continuation.tokens)).exp()


@dataclass(frozen=True)
class Judged:
    """A method on one prompt.

    Attributes:
        change: of the log-probability between nothing and the prompt.
    """

    prompt: str
    continuation: str
    method: Method
    explained: Areas
    random: Areas
    steps: int
    delta: float | None
    converged: bool
    change: float


def measure(orders: int = 10, steps: int = 256) -> Result:
    """Explain the continuation of every prompt by every method, and compare each with random orders.

    Args:
        orders: random ones.
        steps: most of integrated gradients.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = prepare_manifest(_MODEL, Path(folder))
        model = load_model(open_artifact(path))
        assert isinstance(model, LoadedGenerator)
        twin = load_twin(path, model.task)
        access = ModelAccess(baseline_tokens_of(model.tokenizer, "llama"), twin.embed)
        judged = [
            _judged(model, twin, access, prompt, Options(method=method, most_steps=steps), orders)
            for prompt in PROMPTS
            for method in METHODS
        ]
    return Result(_table(judged), [asdict(one) for one in judged])


def _judged(
    model: LoadedGenerator, twin: Twin, access: ModelAccess, prompt: str, options: Options, orders: int
) -> Judged:
    target = target_of(model, prompt)
    assert isinstance(target.objective, ContinuationLogProbability)
    found: Attribution = drive(METHODS[options.method](target, options, access), model.engine, twin)
    game = Game(target, access.baseline_token(Baseline.Pad))
    likely = replace(game, target=replace(target, objective=TokenProbability(target.objective)))
    told = drive(judge(likely, found.values, orders), model.engine)
    nothing, everything = drive(Worths(game).of([0, game.grand_coalition]), model.engine)
    return Judged(
        *(prompt, target.name, options.method, told.explained, told.random),
        *(found.steps, found.delta, found.converged, everything - nothing),
    )


def target_of(model: LoadedGenerator, prompt: str) -> Target:
    """The continuation that the model writes, as one target."""
    question = model.task.question({"text": prompt}, {"max_new_tokens": _NEW_TOKENS})
    (text,) = model.ask([question])
    task = explainable(model.task)
    (windows,) = task.encode(model.tokenizer, [text])
    assert model.engine is not None
    (target,) = task.targets(text, windows, model.engine.run(windows), None)
    return target


def _table(judged: Sequence[Judged]) -> str:
    return f"{_of_methods(judged)}\n\n{_of_integrated_gradients(judged)}"


def _of_methods(judged: Sequence[Judged]) -> str:
    rows = [
        "| method | left out: area (lower is better) | added: area (higher) | better than random | evaluations |",
        "|--|--|--|--|--|",
    ]
    for method in METHODS:
        found = [one for one in judged if one.method is method]
        areas = Areas.mean([one.explained for one in found])
        better = sum(Faithfulness(one.explained, one.random).gain > 0 for one in found)
        steps = statistics.fmean(one.steps for one in found)
        told = f"{areas.deletion:.3f} | {areas.insertion:.3f} | {better} of {len(found)} prompts | {steps:.0f}"
        rows.append(f"| {method} | {told} |")
    random = Areas.mean([one.random for one in judged])
    return "\n".join([*rows, f"| random order | {random.deletion:.3f} | {random.insertion:.3f} | | 0 |"])


def _of_integrated_gradients(judged: Sequence[Judged]) -> str:
    rows = [
        "| prompt | continuation | steps | within the tolerance | delta as a share of the change |",
        "|--|--|--|--|--|",
    ]
    rows += [
        f"| {one.prompt} | {one.continuation!r} | {one.steps} | {'yes' if one.converged else 'no'} | "
        f"{abs(one.delta / one.change):.1%} |"
        for one in judged
        if one.method is Method.IntegratedGradients and one.delta is not None
    ]
    return "\n".join(rows)


if __name__ == "__main__":
    main(measure)
