"""What is explained of each task's answers has the values of Captum's own method, on models in float64.

Classes of whole texts are compared in tests/predictor/explanations/methods, as are samples of parts of a text.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from random import Random
from typing import Any

import pytest
import torch
from captum._utils.models.linear_model import SkLearnRidge
from captum.attr import FeatureAblation, InputXGradient, LayerIntegratedGradients, Lime, Saliency, ShapleyValues
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from tests.predictor.explanations.tasks.tiny_heads import TAGS, make_reader, make_tagger, run
from tests.predictor.tiny_language import make_language_model, make_language_tokenizer
from transformermodel_api.spec import TaskName
from transformermodel_predictor.engines.pretrained import PretrainedEngine
from transformermodel_predictor.explanations.coalitions import coalition_of, indicators
from transformermodel_predictor.explanations.driving import drive
from transformermodel_predictor.explanations.explanation import GRADIENT_METHODS, Attribution, Baseline, Method, Options
from transformermodel_predictor.explanations.methods import lime
from transformermodel_predictor.explanations.methods.catalogue import METHODS
from transformermodel_predictor.explanations.model_access import ModelAccess
from transformermodel_predictor.explanations.target import Target
from transformermodel_predictor.explanations.tasks.catalogue import explainable
from transformermodel_predictor.explanations.twin import Twin
from transformermodel_predictor.explanations.twins import twin_of
from transformermodel_predictor.generation.piece import FinishReason
from transformermodel_predictor.generation.text import GeneratedText
from transformermodel_predictor.loading import LoadedModel
from transformermodel_predictor.tasks.catalogue import make_task
from transformermodel_predictor.tasks.configuration import TaskConfiguration

STAND_IN, STEPS, SAMPLES, LENGTH = 0, 8, 64, 48


def entities(tokenizer: PreTrainedTokenizerBase) -> tuple[PreTrainedModel, list[Target]]:
    task = make_task(TaskName.TokenClassification, TaskConfiguration(TAGS, LENGTH))
    model = make_tagger(len(tokenizer)).double()
    return model, targets(task, tokenizer, model, task.question({"text": "love good movie"}, {}))


def answers(tokenizer: PreTrainedTokenizerBase) -> tuple[PreTrainedModel, list[Target]]:
    task = make_task(TaskName.QuestionAnswering, TaskConfiguration((), LENGTH))
    model = make_reader(len(tokenizer)).double()
    question = task.question({"question": "good", "context": "bad movie"}, {})
    return model, targets(task, tokenizer, model, question)


def continuations(_: PreTrainedTokenizerBase) -> tuple[PreTrainedModel, list[Target]]:
    task = make_task(TaskName.TextGeneration, TaskConfiguration((), LENGTH))
    model, tokenizer = make_language_model().double(), make_language_tokenizer()
    prompt = task.encode(tokenizer, task.question({"text": "once upon time"}, {}), LENGTH)
    text = GeneratedText(prompt, " there was", (70, 75, 80), FinishReason.Length)
    (whole,), (second,) = (targets(task, tokenizer, model, text, wanted) for wanted in ("all", 1))
    return model, [whole, second]


def targets(
    task: Any, tokenizer: PreTrainedTokenizerBase, model: PreTrainedModel, question: object, wanted: object = None
) -> list[Target]:
    explained = explainable(task)
    (windows,) = explained.encode(tokenizer, [question])
    return list(explained.targets(question, windows, run(model, windows), wanted))


@dataclass(frozen=True)
class Explained:
    """A model in float64, what is explained of its answer, and what takes its gradients."""

    model: PreTrainedModel
    targets: Sequence[Target]
    twin: Twin

    def ours(self, method: Method, target: Target) -> Attribution:
        options = Options(method, steps=STEPS, most_steps=STEPS, samples=SAMPLES)
        steps = METHODS[method](target, options, ModelAccess({Baseline.Pad: STAND_IN}, self.twin.embed))
        return drive(steps, PretrainedEngine(self.model), self.twin)


@pytest.fixture(scope="module", params=[entities, answers, continuations])
def explained(request: pytest.FixtureRequest, tiny_model: LoadedModel) -> Explained:
    model, found = request.param(tiny_model.tokenizer)
    assert found
    return Explained(model, found, twin_of(model, packed=request.param is not continuations))


def test_integrated_gradients_are_captums(explained: Explained) -> None:
    for target in explained.targets:
        ours, theirs = explained.ours(Method.IntegratedGradients, target), Captum(explained.model, target)
        values, delta = LayerIntegratedGradients(theirs.objective, theirs.layer).attribute(
            theirs.ids, theirs.baselines, n_steps=STEPS, return_convergence_delta=True
        )
        rounding = 1e-6 * float(values.sum(dim=2).abs().sum())  # Captum multiplies with weights in float32
        assert ours.values == pytest.approx(values.sum(dim=2)[0].tolist(), abs=rounding)
        assert ours.delta == pytest.approx(float(delta), abs=rounding)
        assert any(ours.values)


@dataclass(frozen=True)
class Captum:
    """A target as Captum's methods are told of it."""

    model: PreTrainedModel
    target: Target

    @property
    def ids(self) -> torch.Tensor:
        return torch.tensor([self.target.encoding.features["input_ids"]])

    @property
    def responsible(self) -> torch.Tensor:
        return torch.tensor([[feature is not None for feature in self.target.features]])

    @property
    def baselines(self) -> torch.Tensor:
        return torch.where(self.responsible, STAND_IN, self.ids)

    @property
    def layer(self) -> Any:
        return getattr(self.model.base_model, "embeddings", None) or self.model.get_input_embeddings()

    @cached_property
    def words(self) -> int:
        return len({feature for feature in self.target.features if feature is not None})

    @property
    def parts(self) -> dict[str, Any]:
        """Words are features; special tokens go with the first, whose baseline is what they are."""
        mask = torch.tensor([[feature or 0 for feature in self.target.features]])
        return {"inputs": self.ids, "baselines": self.baselines, "feature_mask": mask}

    def objective(self, rows: torch.Tensor) -> torch.Tensor:
        """Token ids [rows, tokens] to [rows]."""
        features = {name: torch.tensor([values]) for name, values in self.target.encoding.features.items()}
        others = {name: values.expand(len(rows), -1) for name, values in features.items() if name != "input_ids"}
        outputs = self.model(input_ids=rows, **others)
        logits = {name: outputs[name] for name in outputs if name.endswith("logits")}
        values = [{name: each[row] for name, each in logits.items()} for row in range(len(rows))]
        return torch.stack([self.target.objective.value(one) for one in values])

    def of_embedded(self, embedded: torch.Tensor) -> torch.Tensor:
        """Embeddings [rows, tokens, width] to [rows]."""
        with self._returned(lambda _: embedded):
            return self.objective(self.ids.expand(len(embedded), -1))

    def embedded(self) -> torch.Tensor:
        """What the layer returns for the text, [1, tokens, width]."""
        kept: list[torch.Tensor] = []
        with self._returned(kept.append), torch.no_grad():
            self.objective(self.ids)
        return kept[0].requires_grad_()

    def of_words(self, values: torch.Tensor) -> list[float]:
        """Captum tells a word's whole value at each of its tokens."""
        return [float(values[0, self.target.features.index(word)]) for word in range(self.words)]

    @contextmanager
    def _returned(self, change: Callable[[torch.Tensor], torch.Tensor | None]) -> Iterator[None]:
        handle = self.layer.register_forward_hook(lambda _, __, output: change(output))
        try:
            yield
        finally:
            handle.remove()


@pytest.mark.parametrize(("method", "captums"), [(Method.InputXGradient, InputXGradient), (Method.Saliency, Saliency)])
def test_gradients_at_the_text_are_captums(explained: Explained, method: Method, captums: Any) -> None:
    for target in explained.targets:
        theirs = Captum(explained.model, target)
        values = captums(theirs.of_embedded).attribute(theirs.embedded()).sum(dim=2) * theirs.responsible
        assert explained.ours(method, target).values == pytest.approx(values[0].tolist(), abs=1e-8)
        assert values.any()


def ablated(theirs: Captum) -> list[float]:
    return theirs.of_words(FeatureAblation(theirs.objective).attribute(**theirs.parts))


def shapley(theirs: Captum) -> list[float]:
    """Over all orders of joining."""
    return theirs.of_words(ShapleyValues(theirs.objective).attribute(**theirs.parts, perturbations_per_eval=64))


def fitted(theirs: Captum) -> list[float]:
    """The coefficients that Captum's regression finds, with the parts of the text and the weights that ours has."""
    weights = lime.weigh(theirs.words, SAMPLES, Random(0))  # noqa: S311 - no secret

    def parts(*_: Any, **__: Any) -> Iterator[torch.Tensor]:
        yield from indicators(list(weights), theirs.words).split(1)

    def weight(*found: Any, **__: Any) -> float:
        return weights[coalition_of(word for word, present in enumerate(found[2][0].tolist()) if present)]

    explainer = Lime(
        theirs.objective,
        interpretable_model=SkLearnRidge(alpha=SAMPLES / 5000),
        similarity_func=weight,
        perturb_func=parts,
    )
    found = explainer.attribute(**theirs.parts, n_samples=len(weights), return_input_shape=False)
    coefficients: list[float] = found[0].tolist()
    return coefficients


CAPTUMS: Sequence[tuple[Callable[[Captum], list[float]], Sequence[Method]]] = [
    (ablated, [Method.FeatureAblation]),
    (shapley, [Method.ShapleySampling, Method.KernelShap]),
    (fitted, [Method.Lime]),
]
"""Where there are samples for all parts of the text, both ways to Shapley values are exact."""


@pytest.mark.parametrize(("captums", "methods"), CAPTUMS)
def test_words_that_are_left_out_have_captums_values(
    explained: Explained, captums: Callable[[Captum], list[float]], methods: Sequence[Method]
) -> None:
    for target in explained.targets[:2]:
        theirs = captums(Captum(explained.model, target))
        assert any(theirs)
        for method in methods:
            found = [0.0] * len(theirs)
            for feature, value in zip(target.features, explained.ours(method, target).values, strict=True):
                if feature is not None:
                    found[feature] += value
            assert found == pytest.approx(theirs, abs=1e-4)  # Captum adds up in float32


def test_no_method_is_left_out() -> None:
    assert {method for _, methods in CAPTUMS for method in methods} | GRADIENT_METHODS == set(Method)
