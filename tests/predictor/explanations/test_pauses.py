"""What a pass over a twin gives way to, and that it comes to the same."""

import pytest
import torch

from tests.predictor.engines.packed.architectures import HEADS, Architecture
from transformermodel_predictor.engines.packed.parity import pack
from transformermodel_predictor.explanations.probes import probes_for
from transformermodel_predictor.explanations.rows import GradientRow
from transformermodel_predictor.explanations.twins import sharing_weights, twin_of


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("kind", ["Bert", "DistilBert", "Roberta"])
def test_a_pass_pauses_between_layers_forward_and_back_for_predictions_of_the_same_weights(
    kind: str, packed: bool
) -> None:
    model = Architecture(kind).model(HEADS[0])
    serving = pack(sharing_weights(model))
    probes = probes_for(model.config)
    expected = serving.run([probe.encoding for probe in probes])[0]["logits"]
    recorded: list[bool] = []

    def predict() -> None:
        recorded.append(torch.is_grad_enabled())
        with torch.inference_mode():
            logits = serving.run([probe.encoding for probe in probes])[0]["logits"]
        assert torch.equal(logits, expected)

    twin, undisturbed = twin_of(model, packed=packed, pause=predict), twin_of(model, packed=packed)
    recorded.clear()
    for probe in probes:
        row = GradientRow(probe.encoding, undisturbed.embed(probe.encoding), probe.objective)
        ((found,), (wanted,)) = twin.run([row]), undisturbed.run([row])
        assert found.value == wanted.value
        assert found.gradient is not None
        assert wanted.gradient is not None
        assert torch.equal(found.gradient, wanted.gradient)
    layers = model.config.num_hidden_layers
    assert recorded == ([True] * layers + [False] * layers) * len(probes)
