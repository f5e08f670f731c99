"""The same values as Captum's own methods, on a model in float64 whose words act on each other."""

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from random import Random
from typing import Any

import pytest
import torch
from captum._utils.models.linear_model import SkLearnLinearRegression, SkLearnRidge
from captum.attr import FeatureAblation, KernelShap, Lime, ShapleyValues
from captum.attr._core.lime import get_exp_kernel_similarity_function
from transformers import BertConfig, BertForSequenceClassification

from tests.predictor.explanations.by_hand import ACCESS, CLS, PAD, SEP, target
from transformermodel_predictor.explanations.coalitions import Coalition, coalition_of, grand_coalition, indicators
from transformermodel_predictor.explanations.driving import drive
from transformermodel_predictor.explanations.explanation import Attribution, Method, Options
from transformermodel_predictor.explanations.methods import kernel_shap, lime
from transformermodel_predictor.explanations.methods.catalogue import METHODS
from transformermodel_predictor.tasks.task import Encoding, Outputs

WORDS = ((10,), (11, 12), (13,), (14,))
TARGET = target(WORDS)


class DoubleEngine:
    """A tiny BERT in float64; its rows are of one length."""

    padding_free = False

    def __init__(self) -> None:
        torch.manual_seed(0)
        sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
        config = BertConfig(vocab_size=16, **sizes, initializer_range=0.5)
        self._model = BertForSequenceClassification(config).double().eval()

    @torch.no_grad()
    def logit(self, words: torch.Tensor) -> torch.Tensor:
        """Tokens [rows, tokens] without the special ones to [rows]."""
        rows = torch.nn.functional.pad(torch.nn.functional.pad(words.long(), (1, 0), value=CLS), (0, 1), value=SEP)
        logits: torch.Tensor = self._model(input_ids=rows).logits
        return logits[:, 0]

    def run(self, batch: Sequence[Encoding]) -> list[Outputs]:
        words = torch.tensor([encoding.features["input_ids"][1:-1] for encoding in batch])
        return [{"logits": logit.reshape(1)} for logit in self.logit(words)]


@pytest.fixture(scope="module")
def engine() -> DoubleEngine:
    return DoubleEngine()


ASKED: dict[str, Any] = {
    "inputs": torch.tensor([[token for word in WORDS for token in word]]),
    "baselines": PAD,
    "feature_mask": torch.tensor([[number for number, word in enumerate(WORDS) for _ in word]]),
}
"""What Captum is told: words are features."""


@pytest.fixture(scope="module")
def exact(engine: DoubleEngine) -> list[float]:
    """Captum's Shapley values, over all orders; it adds them up in float32."""
    return of_first_tokens(ShapleyValues(engine.logit).attribute(**ASKED, perturbations_per_eval=8))


def ours(engine: DoubleEngine, method: Method, **options: Any) -> Attribution:
    return drive(METHODS[method](TARGET, Options(method=method, **options), ACCESS), engine)


def by_word(values: Sequence[float]) -> list[float]:
    """The sums of our tokens' values."""
    words: list[float] = [0.0] * len(WORDS)
    for feature, value in zip(TARGET.features, values, strict=True):
        if feature is not None:
            words[feature] += value
    return words


def of_first_tokens(theirs: torch.Tensor) -> list[float]:
    """Captum tells a feature's whole value at each of its tokens."""
    return [float(theirs[0, TARGET.features.index(word) - 1]) for word in range(len(WORDS))]


def test_feature_ablation(engine: DoubleEngine) -> None:
    theirs = FeatureAblation(engine.logit).attribute(**ASKED)
    assert by_word(ours(engine, Method.FeatureAblation).values) == pytest.approx(of_first_tokens(theirs), abs=1e-9)


@pytest.mark.parametrize("method", [Method.ShapleySampling, Method.KernelShap])
def test_shapley_values_over_all_orders(engine: DoubleEngine, exact: list[float], method: Method) -> None:
    found = ours(engine, method)
    assert found.steps == 2 ** len(WORDS)
    assert by_word(found.values) == pytest.approx(exact, abs=1e-5)


def test_sampled_shapley_values(engine: DoubleEngine, exact: list[float]) -> None:
    seeds = [by_word(ours(engine, Method.ShapleySampling, samples=2, seed=seed).values) for seed in range(60)]
    means = [statistics.fmean(values) for values in zip(*seeds, strict=True)]
    assert math.dist(seeds[0], exact) > 0.1
    assert means == pytest.approx(exact, abs=0.1)


def test_kernel_shap(engine: DoubleEngine) -> None:
    torch.manual_seed(0)
    theirs = of_first_tokens(KernelShap(engine.logit).attribute(**ASKED, n_samples=500, perturbations_per_eval=500))
    found = by_word(ours(engine, Method.KernelShap).values)
    assert found == pytest.approx(theirs, abs=0.2)  # they draw parts that ours asks for one by one
    assert sum(found) == pytest.approx(sum(theirs), abs=1e-3)


@pytest.mark.parametrize("samples", [10, 256])
def test_kernel_shap_on_the_same_parts(engine: DoubleEngine, samples: int) -> None:
    """Captum's regression, with a large weight for everyone and nobody instead of our constraint."""
    weights = kernel_shap.weigh(len(WORDS), samples, Random(0))  # noqa: S311
    theirs = theirs_on(engine, {**weights, 0: 1e6, grand_coalition(len(WORDS)): 1e6}, SkLearnLinearRegression())
    assert by_word(ours(engine, Method.KernelShap, samples=samples).values) == pytest.approx(theirs, abs=1e-3)


@pytest.mark.parametrize("samples", [10, 256])
def test_lime_on_the_same_parts(engine: DoubleEngine, samples: int) -> None:
    weights = lime.weigh(len(WORDS), samples, Random(0))  # noqa: S311
    theirs = theirs_on(engine, weights, SkLearnRidge(alpha=samples / 5000))
    found = ours(engine, Method.Lime, samples=samples)
    assert found.steps == len(weights)
    assert by_word(found.values) == pytest.approx(theirs, abs=1e-5)


def theirs_on(engine: DoubleEngine, weights: Mapping[Coalition, float], model: Any) -> list[float]:
    """The coefficients of a linear model that Captum fits to given parts of the text with given weights."""

    def parts(*_: Any, **__: Any) -> Iterator[torch.Tensor]:
        yield from indicators(list(weights), len(WORDS)).split(1)

    def weight(*found: Any, **__: Any) -> float:
        return weights[coalition_of(word for word, present in enumerate(found[2][0].tolist()) if present)]

    explainer = Lime(engine.logit, interpretable_model=model, similarity_func=weight, perturb_func=parts)
    found = explainer.attribute(**ASKED, n_samples=len(weights), return_input_shape=False)
    coefficients: list[float] = found[0].tolist()
    return coefficients


def test_the_kernel_of_lime() -> None:
    """Over many samples a part's weight is how often it is drawn times Captum's kernel of the same width."""
    players, samples = 4, 20_000
    kernel = get_exp_kernel_similarity_function("cosine", kernel_width=0.25)
    whole = indicators([grand_coalition(players)], players)
    weights = lime.weigh(players, samples, Random(0))  # noqa: S311
    assert len(weights) == 2**players
    for size in range(1, players):
        part = (1 << size) - 1
        expected = samples / players * kernel(whole, indicators([part], players), None)
        of_size = chain.from_iterable([weight] for one, weight in weights.items() if one.bit_count() == size)
        assert sum(of_size) == pytest.approx(expected, rel=1e-3)
