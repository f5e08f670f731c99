"""A language model becomes a graph: compared, tested with golden answers, and compared again with the model itself."""

import json
from pathlib import Path

import pytest

from tests.predictor.preparation.conftest import FAITHFUL, QUICK, Kitchen, request_for
from tests.predictor.tiny_language import POSITIONS, save_language_checkpoint
from transformermodel_api.contract import PreparationRequest
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.loading import load_model
from transformermodel_predictor.preparation.contest.comparison import compare_artifacts
from transformermodel_predictor.preparation.contest.samples import Samples

FORMS = ("TorchScript", "ONNX")


@pytest.fixture
def language_kitchen(tmp_path: Path) -> Kitchen:
    """A folder with a tiny language model in `model`."""
    save_language_checkpoint(tmp_path / "model")
    return Kitchen(tmp_path)


def generating(**fields: object) -> PreparationRequest:
    return request_for(task="TextGeneration", **fields)


@pytest.mark.slow
def test_its_answers_are_those_of_the_model_and_so_are_the_golden_ones(language_kitchen: Kitchen) -> None:
    model = language_kitchen.prepared(generating(preparation=FAITHFUL))
    (own,) = load_model(model).answer([{"text": "the fox"}])
    tests = [{"input": {"text": "the fox"}, "expect": {"generatedText": own["generated_text"]}}]

    for form in FORMS:
        request = generating(preparation={"format": form, "precision": "Float32"}, tests=tests)
        graph = language_kitchen.prepared(request)
        (entry,) = (
            one
            for one in json.loads((graph.path / "report.json").read_text())["candidates"]
            if one["outcome"] == "Chosen"
        )
        assert entry["parity"]["agreeing"] == entry["parity"]["samples"] >= 5
        assert entry["parity"]["difference"] < 1e-4
        assert entry["batch"]["p50Milliseconds"] > 0
        compared = compare_artifacts(model, graph, Samples(), QUICK)
        assert (compared.changes, compared.samples) == ((), 5)
        assert compared.shift < 1e-4


def test_a_golden_answer_that_a_graph_does_not_give_fails_it(language_kitchen: Kitchen) -> None:
    tests = [{"input": {"text": "the fox"}, "expect": {"generatedText": "jumps over the lazy dog"}}]
    request = generating(preparation={"format": "TorchScript", "precision": "Float32"}, tests=tests)
    assert language_kitchen.failure(request).reason is FailureReason.GoldenAnswerMismatch


def test_an_architecture_without_such_a_graph_fails_with_the_reason(tmp_path: Path) -> None:
    save_language_checkpoint(tmp_path / "model", "bloom")
    wanted = {"format": "ONNX", "precision": "Float32", "maxLength": POSITIONS}

    failure = Kitchen(tmp_path).failure(generating(preparation=wanted))

    assert failure.reason is FailureReason.UnsupportedForm
    assert "BloomForCausalLM cannot be given what it has read" in str(failure)
