"""Forms that hold only for some rows."""

import pytest

from tests.predictor.explanations.test_token_embeddings import CLASSIFIERS, made
from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_api.preparation import Format, Precision
from transformermodel_predictor.candidate import Candidate, EngineName
from transformermodel_predictor.engines.pretrained import PretrainedEngine
from transformermodel_predictor.engines.signature import GraphInput, Signature
from transformermodel_predictor.preparation.forms.faithful import require_faithful


def test_a_form_that_breaks_off_is_refused_in_a_line() -> None:
    """As T5 does on rows without the token that ends a text, of which random ones have none."""
    engine = PretrainedEngine(made(CLASSIFIERS["T5"]))
    signature = Signature((GraphInput("input_ids", bound=2),), ("logits",), max_length=16)
    onnx = Candidate(Format.ONNX, EngineName.ONNX, Precision.Float32)
    with pytest.raises(
        PreparationFailed, match=r"ONNX form does not hold for 1 rows of up to 1 tokens \(\w+: "
    ) as told:
        require_faithful(onnx, engine, engine, signature)
    assert told.value.reason is FailureReason.UnsupportedForm
    assert "\n" not in str(told.value)
