"""A method is offered where it does what it promises; where not, it is said why."""

import re
from dataclasses import replace
from itertools import product

import pytest
import torch
from transformers import PreTrainedModel

from tests.predictor.engines.packed.architectures import HEADS, PACKED, REFUSED, Architecture
from tests.predictor.tiny_language import make_language_model
from transformermodel_predictor.engines.pretrained import PretrainedEngine
from transformermodel_predictor.explanations.available_methods import AvailableMethods
from transformermodel_predictor.explanations.driving import drive
from transformermodel_predictor.explanations.explanation import GRADIENT_METHODS, Baseline, Method, Options
from transformermodel_predictor.explanations.model_access import ModelAccess
from transformermodel_predictor.explanations.probes import probes_for
from transformermodel_predictor.explanations.rows import GradientRow, Result
from transformermodel_predictor.explanations.twin import Twin
from transformermodel_predictor.explanations.twins import twin_of
from transformermodel_predictor.tasks.task import InvalidQuestion

BASELINE_TOKENS = {Baseline.Pad: 0, Baseline.Mask: 4}
ENCODERS = (*PACKED, *(one for one in REFUSED if not one.configuration))
INTEGRATED = (Method.IntegratedGradients, Baseline.Pad)


def offered_by(architecture: Architecture, baseline_tokens: dict[Baseline, int]) -> AvailableMethods:
    model = architecture.model(HEADS[0])
    return tried(model, twin_of(model), baseline_tokens)


@pytest.mark.parametrize("kind", ["llama", "gpt2"])
def test_language_models_offer_every_method(kind: str) -> None:
    model = make_language_model(kind)
    found = tried(model, twin_of(model, packed=False), {Baseline.Pad: 0}, generates=True)
    for method in Method:
        assert Baseline.Pad in found.baselines(method)


def tried(
    model: PreTrainedModel, twin: Twin, baseline_tokens: dict[Baseline, int], *, generates: bool = False
) -> AvailableMethods:
    """Every combination that wants a trial has had one, as a server gives it."""
    found = AvailableMethods(ModelAccess(baseline_tokens, twin.embed), probes_for(model.config, generates=generates))
    for method, baseline in product(Method, Baseline):
        if found.untried(method, baseline):
            try:
                drive(found.trial(method, baseline), PretrainedEngine(model), twin)
            except Exception as error:  # noqa: BLE001 - as the explainer does
                found.record_failure(method, baseline, error)
        assert not found.untried(method, baseline)
    return found


@pytest.mark.parametrize("architecture", ENCODERS, ids=lambda architecture: architecture.name)
def test_encoders_offer_every_method_with_every_token(architecture: Architecture) -> None:
    found = offered_by(architecture, BASELINE_TOKENS)
    assert found.methods == tuple(Method)
    for method in Method:
        assert {Baseline.Pad, Baseline.Mask} <= set(found.baselines(method))


def test_methods_that_leave_words_out_need_a_token_for_it() -> None:
    found = offered_by(Architecture("Bert"), {Baseline.Pad: 0})
    for method in Method:
        zeros = {Baseline.Zero} if method in GRADIENT_METHODS else set()
        assert set(found.baselines(method)) - {Baseline.Mask} == {Baseline.Pad} | zeros
    assert found.reason_against(Method.Lime, Baseline.Zero) == "it is an embedding, not a token"
    assert found.reason_against(Method.Lime, Baseline.Mask) == "the tokenizer has no mask token"
    assert "has no mask token" in str(found.reason_against(Method.IntegratedGradients, Baseline.Mask))


def test_without_any_token_there_are_only_methods_with_gradients_and_a_way_only_from_zeros() -> None:
    found = AvailableMethods(ModelAccess({}))
    assert set(found.methods) == GRADIENT_METHODS
    assert found.baselines(Method.IntegratedGradients) == (Baseline.Zero,)
    assert found.baselines(Method.Saliency) == tuple(Baseline)
    told = (
        "method feature_ablation with the baseline pad is not available for this model: "
        "the tokenizer has no pad token; "
        "not tried yet are integrated_gradients with the baseline zero; input_x_gradient; saliency"
    )
    with pytest.raises(InvalidQuestion, match=f"^{told}$"):
        found.require(Options(Method.FeatureAblation))
    found.require(Options(baseline=Baseline.Zero))


def test_without_a_twin_words_can_still_be_left_out() -> None:
    found = AvailableMethods(ModelAccess(BASELINE_TOKENS), problem="it has no gradients")
    assert set(found.methods) == set(Method) - GRADIENT_METHODS
    assert found.reason_against(*INTEGRATED) == "it has no gradients"
    assert not found.untried(*INTEGRATED)


class Wrong:
    """A twin whose gradients are not the objective's."""

    def __init__(self, factor: float) -> None:
        self._twin = twin_of(Architecture("Bert").model(HEADS[0]))
        self._factor = factor
        self.embed = self._twin.embed

    def run(self, rows: list[GradientRow]) -> list[Result]:
        results = self._twin.run(rows)
        return [replace(result, gradient=self._factor * result.gradient) for result in results]  # type: ignore[operator]


@pytest.mark.parametrize(
    ("factor", "reason"),
    [
        (1.5, "do not sum to what they should: .* off after 5[01][0-9] steps"),
        (0.0, "all zero"),
        (torch.inf, "not finite"),
    ],
)
def test_a_method_that_does_not_keep_its_promise_is_refused(factor: float, reason: str) -> None:
    model = Architecture("Bert").model(HEADS[0])
    wrong = Wrong(factor)
    found = tried(model, wrong, BASELINE_TOKENS)  # type: ignore[arg-type]
    assert Baseline.Pad not in found.baselines(Method.IntegratedGradients)
    assert re.search(reason, str(found.reason_against(*INTEGRATED)))


def test_a_method_counts_as_offered_until_it_was_tried() -> None:
    model = Architecture("Bert").model(HEADS[0])
    found = AvailableMethods(ModelAccess(BASELINE_TOKENS), probes_for(model.config))
    assert found.untried(*INTEGRATED)
    assert Method.IntegratedGradients in found.methods


def test_a_refusal_names_what_works_and_apart_from_it_what_nobody_has_tried() -> None:
    model = Architecture("Bert").model(HEADS[0])
    twin = twin_of(model)
    found = AvailableMethods(ModelAccess(BASELINE_TOKENS, twin.embed), probes_for(model.config))
    found.record_failure(*INTEGRATED, RuntimeError("Sizes of tensors must match."))
    drive(found.trial(Method.Saliency, Baseline.Pad), PretrainedEngine(model), twin)
    with pytest.raises(InvalidQuestion) as refused:
        found.require(Options(*INTEGRATED))
    assert str(refused.value) == (
        "method integrated_gradients with the baseline pad is not available for this model: it fails on random tokens "
        "(RuntimeError: Sizes of tensors must match); there are saliency; "
        "feature_ablation with the baseline pad or mask; shapley_sampling with the baseline pad or mask; "
        "kernel_shap with the baseline pad or mask; lime with the baseline pad or mask; "
        "not tried yet are integrated_gradients with the baseline mask or zero; input_x_gradient"
    )


def test_a_method_without_a_baseline_is_tried_once_for_all() -> None:
    found = AvailableMethods(ModelAccess(BASELINE_TOKENS))
    found.record_failure(Method.Saliency, Baseline.Pad, ArithmeticError("the model's gradients are not finite"))
    assert not found.untried(Method.Saliency, Baseline.Zero)
    with pytest.raises(InvalidQuestion, match=r"^method saliency is not available for this model: the model's gr"):
        found.require(Options(Method.Saliency, Baseline.Mask))


def test_an_architecture_that_asserts_something_else_is_refused_too() -> None:
    found = AvailableMethods(ModelAccess(BASELINE_TOKENS))
    found.record_failure(*INTEGRATED, AssertionError("If you want to train it, use `model.train()`."))
    with pytest.raises(InvalidQuestion, match=r"it fails on random tokens \(AssertionError: If you want to train it"):
        found.require(Options(*INTEGRATED))


def test_an_error_that_says_nothing_of_the_method_is_not_kept() -> None:
    found = AvailableMethods(ModelAccess(BASELINE_TOKENS))
    with pytest.raises(MemoryError):
        found.record_failure(*INTEGRATED, MemoryError())
    assert found.untried(*INTEGRATED)
