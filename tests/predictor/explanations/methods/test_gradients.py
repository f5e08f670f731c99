"""The same values as Captum's own methods, on a model in float64."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import torch
from captum.attr import InputXGradient, LayerGradientXActivation, LayerIntegratedGradients, Saliency
from transformers import PreTrainedModel

from tests.predictor.engines.packed.architectures import HEADS, Architecture, sequences
from transformermodel_predictor.engines.pretrained import PretrainedEngine
from transformermodel_predictor.explanations.driving import drive
from transformermodel_predictor.explanations.explanation import GRADIENT_METHODS, Attribution, Baseline, Method, Options
from transformermodel_predictor.explanations.methods.catalogue import METHODS
from transformermodel_predictor.explanations.model_access import ModelAccess
from transformermodel_predictor.explanations.path import rows_at_once
from transformermodel_predictor.explanations.rows import GradientRow, Result
from transformermodel_predictor.explanations.target import Target
from transformermodel_predictor.explanations.twin import Twin
from transformermodel_predictor.explanations.twins import twin_of
from transformermodel_predictor.tasks.task import Encoding, InvalidQuestion, Outputs

PAD, MASK, CLASS, LENGTH = 0, 1, 1, 9
BASELINE_TOKENS = {Baseline.Pad: PAD, Baseline.Mask: MASK}


class OneLogit:
    def value(self, outputs: Outputs) -> torch.Tensor:
        return outputs["logits"][CLASS]


def target(encoding: Encoding) -> Target:
    """The first and the last token are special."""
    return Target("x", encoding, OneLogit(), 0.5, (None, *range(len(encoding) - 2), None))


TARGET = target(sequences(LENGTH)[0])
IDS = torch.tensor([TARGET.encoding.features["input_ids"]])


@pytest.fixture(scope="module")
def model() -> PreTrainedModel:
    model = Architecture("Bert").model(HEADS[0]).double()
    with torch.no_grad():
        for weight in model.parameters():
            weight *= 3  # so that a few steps are not enough
    return model


@pytest.fixture(scope="module", params=[True, False], ids=["packed", "plain"])
def twin(model: PreTrainedModel, request: pytest.FixtureRequest) -> Twin:
    return twin_of(model, packed=request.param)


def ours(model: PreTrainedModel, twin: Twin, asked: Target = TARGET, **options: Any) -> Attribution:
    chosen = Options(**options)
    steps = METHODS[chosen.method](asked, chosen, ModelAccess(BASELINE_TOKENS, twin.embed))
    return drive(steps, PretrainedEngine(model), twin)


def baseline(baseline_token: int) -> torch.Tensor:
    ids = torch.full_like(IDS, baseline_token)
    ids[0, 0], ids[0, -1] = IDS[0, 0], IDS[0, -1]
    return ids


@pytest.fixture(scope="module")
def theirs(model: PreTrainedModel) -> LayerIntegratedGradients:
    return LayerIntegratedGradients(lambda ids: model(input_ids=ids).logits, model.base_model.embeddings)


@pytest.mark.parametrize(("name", "baseline_token"), BASELINE_TOKENS.items())
@pytest.mark.parametrize("steps", [5, 20])
def test_integrated_gradients_of_so_many_steps_are_captums(
    model: PreTrainedModel,
    twin: Twin,
    theirs: LayerIntegratedGradients,
    name: Baseline,
    baseline_token: int,
    steps: int,
) -> None:
    values, delta = theirs.attribute(
        IDS, baseline(baseline_token), target=CLASS, n_steps=steps, return_convergence_delta=True
    )
    found = ours(model, twin, baseline=name, steps=steps, most_steps=steps)
    rounding = 1e-7 * float(values.abs().sum())  # Captum multiplies with weights in float32
    assert found.values == pytest.approx(values.sum(dim=2)[0].tolist(), abs=rounding)
    assert found.delta == pytest.approx(float(delta), abs=rounding)
    assert found.steps == steps
    assert found.converged == (abs(float(delta)) <= Options.tolerance * abs(float(values.sum() - delta)))


def test_steps_that_grow_come_to_the_same(model: PreTrainedModel, twin: Twin, theirs: LayerIntegratedGradients) -> None:
    values = theirs.attribute(IDS, baseline(PAD), target=CLASS, n_steps=300)
    found = ours(model, twin, tolerance=1e-5, most_steps=1000)
    assert found.values == pytest.approx(values.sum(dim=2)[0].tolist(), abs=1e-4)


def test_steps_grow_until_the_tolerance_or_the_limit(model: PreTrainedModel, twin: Twin) -> None:
    loose, tight, limited = (
        ours(model, twin, steps=4, **wanted)
        for wanted in ({"tolerance": 1.0}, {"tolerance": 1e-4}, {"tolerance": 1e-4, "most_steps": 12})
    )
    assert loose.steps == 5
    assert loose.steps < tight.steps
    assert limited.steps <= 12
    assert [found.converged for found in (loose, tight, limited)] == [True, True, False]
    assert tight.delta is not None
    assert abs(tight.delta) <= 1e-4 * abs(sum(tight.values) - tight.delta)


def test_a_baseline_of_zeros_is_complete_too(model: PreTrainedModel, twin: Twin) -> None:
    found = ours(model, twin, baseline=Baseline.Zero, most_steps=1000)
    assert found.delta is not None
    assert abs(found.delta) <= 0.02 * abs(sum(found.values) - found.delta)


@pytest.fixture(scope="module")
def after_embeddings(model: PreTrainedModel) -> Any:
    """What the model does with embeddings."""
    bert: Any = model.base_model
    return lambda embedded: model.classifier(bert.pooler(bert.encoder(embedded)[0]))


@pytest.fixture(scope="module")
def embedded(model: PreTrainedModel) -> Iterator[torch.Tensor]:
    with torch.no_grad():
        embedded = model.base_model.embeddings(IDS)
    return embedded.requires_grad_()


def responsible(values: torch.Tensor) -> list[float]:
    """Captum's values summed over the width, those of the special tokens left out."""
    sums = values.detach().sum(dim=2)[0]
    sums[0] = sums[-1] = 0
    return sums.tolist()


def test_input_times_gradient_is_captums(
    model: PreTrainedModel, twin: Twin, after_embeddings: Any, embedded: torch.Tensor
) -> None:
    found = ours(model, twin, method=Method.InputXGradient)
    expected = responsible(InputXGradient(after_embeddings).attribute(embedded, target=CLASS))
    assert found.values == pytest.approx(expected, abs=1e-8)
    layer = LayerGradientXActivation(lambda ids: model(input_ids=ids).logits, model.base_model.embeddings)
    assert found.values == pytest.approx(responsible(layer.attribute(IDS, target=CLASS)), abs=1e-8)
    assert found.delta is None


def test_saliency_is_captums(model: PreTrainedModel, twin: Twin, after_embeddings: Any, embedded: torch.Tensor) -> None:
    found = ours(model, twin, method=Method.Saliency)
    expected = responsible(Saliency(after_embeddings).attribute(embedded, target=CLASS))
    assert found.values == pytest.approx(expected, abs=1e-8)
    assert min(found.values) >= 0


def test_a_text_without_tokens_has_zeros_and_asks_nothing(model: PreTrainedModel, twin: Twin) -> None:
    found = ours(model, twin, target(Encoding({"input_ids": [3, 4]})))
    assert (found.values, found.delta, found.steps) == ((0.0, 0.0), 0.0, 0)


@pytest.mark.parametrize("method", sorted(GRADIENT_METHODS))
def test_without_a_twin_there_are_no_gradients(method: Method) -> None:
    with pytest.raises(InvalidQuestion, match="no gradients: choose a method that leaves words out"):
        METHODS[method](TARGET, Options(method=method), ModelAccess(BASELINE_TOKENS))


def test_a_tokenizer_without_a_mask_says_so_before_the_first_row(twin: Twin) -> None:
    with pytest.raises(InvalidQuestion, match="has no mask token; possible is 'pad'"):
        METHODS[Method.IntegratedGradients](
            TARGET, Options(baseline=Baseline.Mask), ModelAccess({Baseline.Pad: PAD}, twin.embed)
        )


class Counted:
    """A twin that notes how many rows come at once."""

    def __init__(self, twin: Twin) -> None:
        self.rows: list[int] = []
        self._twin = twin
        self.embed = twin.embed

    def run(self, rows: Sequence[GradientRow]) -> list[Result]:
        self.rows.append(len(rows))
        return self._twin.run(rows)


@pytest.mark.parametrize("steps", [50, 300])
def test_no_more_rows_are_asked_for_at_once_however_many_steps(model: PreTrainedModel, twin: Twin, steps: int) -> None:
    """So memory does not depend on their number."""
    counted = Counted(twin)
    ours(model, counted, target(sequences(90)[0]), steps=steps, most_steps=steps)
    assert sum(counted.rows) == steps + 2
    assert max(counted.rows) <= rows_at_once(90) < 50
