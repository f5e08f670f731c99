"""For which architectures packed rows are used: those where they give what transformers gives one text at a time."""

import copy

import pytest
import torch

from tests.predictor.engines.packed.architectures import HEADS, MODERNBERT, PACKED, REFUSED, Architecture, sequences
from transformermodel_predictor.engines.packed.model import NotPackable, PackedModel, Pooling
from transformermodel_predictor.engines.packed.parity import pack
from transformermodel_predictor.engines.pretrained import PretrainedEngine
from transformermodel_predictor.tasks.task import Encoding, Outputs

LENGTHS = (7, 2, 60, 7, 33, 3, 7, 90)


def alone(architecture: Architecture, head: str, batch: list[Encoding]) -> list[Outputs]:
    engine = PretrainedEngine(architecture.model(head))
    return [outputs for encoding in batch for outputs in engine.run([encoding])]


def assert_equal(found: list[Outputs], expected: list[Outputs], tolerance: float) -> None:
    for one, other in zip(found, expected, strict=True):
        assert one.keys() == other.keys()
        for name in one:
            torch.testing.assert_close(one[name], other[name], atol=tolerance, rtol=0)


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("architecture", PACKED, ids=lambda architecture: architecture.name)
def test_packed_rows_filled_up_or_not_give_what_single_texts_give(architecture: Architecture, head: str) -> None:
    batch = sequences(*LENGTHS, token_types=architecture.name in ("Albert", "Bert", "Electra"))
    packed, expected = pack(architecture.model(head)), alone(architecture, head, batch)
    for packed.tile in (None, 4, 16):
        with torch.inference_mode():
            assert_equal(packed.run(batch), expected, 1e-5)
    assert packed.laid_out(batch)[0].filling == 15


@pytest.mark.parametrize("architecture", PACKED, ids=lambda architecture: architecture.name)
def test_a_classifiers_last_layer_goes_on_with_first_tokens_alone(architecture: Architecture) -> None:
    shares_one_layer_among_all = architecture.name == "Albert"
    packed = pack(architecture.model(HEADS[0]))
    assert packed.pooling is (Pooling.First if shares_one_layer_among_all else Pooling.FirstAlone)


def test_a_classifier_that_pools_over_all_tokens_is_handed_all() -> None:
    architecture = Architecture("ModernBert", {**MODERNBERT, "classifier_pooling": "mean"})
    batch = sequences(*LENGTHS)
    packed = pack(architecture.model(HEADS[0]))
    assert packed.pooling is Pooling.Padded
    for packed.tile in (None, 16):
        with torch.inference_mode():
            assert_equal(packed.run(batch), alone(architecture, HEADS[0], batch), 1e-5)


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("architecture", REFUSED, ids=lambda architecture: architecture.name)
def test_other_architectures_are_refused_by_name(architecture: Architecture, head: str) -> None:
    with pytest.raises(NotPackable, match=architecture.name):
        pack(architecture.model(head))


def test_a_model_whose_numbers_are_not_numbers_is_refused() -> None:
    model = Architecture("Bert").model(HEADS[0])
    with torch.no_grad():
        model.classifier.bias.fill_(torch.nan)
    with pytest.raises(NotPackable, match="answers differently"):
        pack(model)


def test_models_of_one_configuration_object_stay_apart() -> None:
    model = Architecture("Bert").model(HEADS[0])
    twin = type(model)(model.config).eval()
    twin.load_state_dict(copy.deepcopy(model.state_dict()))
    (row,) = sequences(5)
    expected = PretrainedEngine(twin).run([row])
    PackedModel(model)
    assert_equal(PretrainedEngine(twin).run([row]), expected, 0)


def test_gradients_reach_the_embeddings_for_explanations() -> None:
    """The same layout serves explanations, which run gradients through embeddings in place of token ids."""
    packed = PackedModel(Architecture("Bert").model(HEADS[0]))
    layout, features = packed.laid_out(sequences(6, 4))
    embeddings = packed.model.get_input_embeddings()(features.pop("input_ids")).detach().requires_grad_()
    logits = packed.forward(layout, {**features, "inputs_embeds": embeddings})["logits"]
    logits[0].sum().backward()
    assert embeddings.grad is not None
    assert embeddings.grad[0, :6].abs().sum() > 0
    assert embeddings.grad[0, 6:].abs().sum() == 0
