"""How far an engine is from the model itself."""

import torch
from transformers import PreTrainedModel

from tests.predictor.preparation.forms.tiny_models import eager
from transformermodel_predictor.engines.engine import Engine
from transformermodel_predictor.tasks.task import Encoding


def difference(engine: Engine, model: PreTrainedModel, batch: list[Encoding]) -> float:
    """The largest difference of a logit between a batch in the engine and the same rows, one by one, in the model."""
    worst = 0.0
    for given, expected, encoding in zip(engine.run(batch), eager(model, batch), batch, strict=True):
        assert set(expected) <= set(given)
        for name, logits in expected.items():
            assert given[name].dtype is torch.float32
            own = given[name][: len(encoding)] if logits.shape[:1] == (len(encoding),) else given[name]
            assert own.shape == logits.shape
            worst = max(worst, float((own - logits).abs().max()))
    return worst
