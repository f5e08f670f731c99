"""Architectures that come as Python files: run only where the user trusts them."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tests.predictor.preparation.conftest import Kitchen, request_for
from tests.predictor.watcher import Watcher
from transformermodel_api.contract import PreparationRequest
from transformermodel_api.failures import FailureReason
from transformermodel_api.source import RemoteCode
from transformermodel_predictor.loading import load_model
from transformermodel_predictor.preparation.inputs import Acquired, acquire, resolve
from transformermodel_predictor.preparation.merge import Merged, merge

CODE = """
from transformers import BertConfig, BertForSequenceClassification

class OwnConfig(BertConfig):
    model_type = "own-architecture"


class OwnClassifier(BertForSequenceClassification):
    config_class = OwnConfig
"""


def edit(file: Path, **fields: object) -> None:
    file.write_text(json.dumps({**json.loads(file.read_text()), **fields}))


def trusting() -> PreparationRequest:
    request = request_for()
    source = request.source.model_copy(update={"trust_remote_code": RemoteCode.Allowed})
    return request.model_copy(update={"source": source})


@pytest.fixture
def own(kitchen: Kitchen) -> Kitchen:
    """The checkpoint in an architecture of its own."""
    (kitchen.model / "own.py").write_text(CODE)
    edit(
        kitchen.model / "config.json",
        model_type="own-architecture",
        auto_map={"AutoConfig": "own.OwnConfig", "AutoModelForSequenceClassification": "own.OwnClassifier"},
    )
    return kitchen


def merged(kitchen: Kitchen, request: PreparationRequest) -> Merged:
    return merge(request, Acquired(kitchen.model, None))


def test_code_is_refused_unless_it_is_trusted(own: Kitchen) -> None:
    failure = own.failure(request_for())
    assert failure.reason is FailureReason.RemoteCodeForbidden
    assert str(failure) == (
        "RemoteCodeForbidden: file://model brings the architecture 'own-architecture' as code of its own "
        "(own.OwnConfig). Set spec.source.trustRemoteCode to Allowed if you trust its author."
    )


def test_code_that_is_trusted_runs_and_goes_with_the_model(own: Kitchen, watcher: Watcher, tmp_path: Path) -> None:
    request = trusting()
    acquired = acquire(resolve(request, own.base), tmp_path / "sources", watcher)
    model = merge(request, acquired).model
    assert type(model).__name__ == "OwnClassifier"
    model.save_pretrained(tmp_path / "saved")
    assert (tmp_path / "saved" / "own.py").is_file()


def test_weights_in_a_pickle_come_into_an_architecture_of_its_own(own: Kitchen) -> None:
    weights = load_file(own.model / "model.safetensors")
    (own.model / "model.safetensors").unlink()
    torch.save(weights, own.model / "pytorch_model.bin")
    state = merged(own, trusting()).model.state_dict()
    assert all(torch.equal(state[name], tensor) for name, tensor in weights.items())


def test_an_artifact_with_code_of_its_own_is_served_with_it(own: Kitchen) -> None:
    artifact = own.prepared(trusting())
    assert artifact.configuration.trust_remote_code
    assert (artifact.path / "own.py").is_file()
    (answer,) = load_model(artifact).answer([{"text": "i love it"}])
    assert answer["label"] in artifact.labels


def test_what_is_trusted_without_need_is_not_run_when_it_is_served(kitchen: Kitchen) -> None:
    merged_plainly = merged(kitchen, trusting())
    assert not merged_plainly.configuration.trust_remote_code
