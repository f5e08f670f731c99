"""Checkpoints in PyTorch's own files: read as weights, and as nothing more unless the user trusts them."""

import json
import os
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from transformers import PreTrainedModel

from tests.predictor.preparation.conftest import Kitchen, request_for
from transformermodel_api.contract import PreparationRequest
from transformermodel_api.failures import FailureReason
from transformermodel_api.source import RemoteCode, Source
from transformermodel_predictor.preparation.inputs import Acquired, resolve
from transformermodel_predictor.preparation.merge import merge

TRUSTED = {"uri": "file://model", "trustRemoteCode": "Allowed"}


def trusting() -> PreparationRequest:
    return request_for().model_copy(update={"source": Source.model_validate(TRUSTED)})


def merged(kitchen: Kitchen, request: PreparationRequest | None = None) -> PreTrainedModel:
    """The model that preparation makes of the checkpoint, before it is written in any form."""
    return merge(request or request_for(), Acquired(kitchen.model, None)).model


def assert_same(model: PreTrainedModel, weights: dict[str, torch.Tensor]) -> None:
    state = model.state_dict()
    assert set(weights) <= set(state)
    assert all(torch.equal(state[name], tensor) for name, tensor in weights.items())


@pytest.fixture
def weights(kitchen: Kitchen) -> dict[str, torch.Tensor]:
    """The checkpoint's weights, which are no longer in its folder."""
    file = kitchen.model / "model.safetensors"
    tensors = load_file(file)
    file.unlink()
    return tensors


class Trap:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder)

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, (self._folder,))


@pytest.mark.parametrize(
    ("name", "wrap", "options"),
    [
        ("pytorch_model.bin", lambda tensors: tensors, {}),
        ("pytorch_model.bin", lambda tensors: tensors, {"_use_new_zipfile_serialization": False}),
        ("model.pt", lambda tensors: tensors, {}),
        ("best.pth", lambda tensors: {"epoch": 3, "state_dict": tensors}, {}),
        ("weights.bin", lambda tensors: {f"module.{name}": tensor for name, tensor in tensors.items()}, {}),
    ],
    ids=["pytorch_model.bin", "an old one", "a bare state dict", "what a trainer wraps", "from data-parallel training"],
)
def test_a_state_dict_is_the_same_model(
    kitchen: Kitchen, weights: dict[str, torch.Tensor], name: str, wrap: Any, options: dict[str, Any]
) -> None:
    torch.save(wrap(weights), kitchen.model / name, **options)
    assert_same(merged(kitchen), weights)


def test_shards_of_pickles_are_read_together(kitchen: Kitchen, weights: dict[str, torch.Tensor]) -> None:
    places = {name: f"pytorch_model-0000{1 + number % 2}-of-00002.bin" for number, name in enumerate(weights)}
    for shard in set(places.values()):
        torch.save({name: weights[name] for name, place in places.items() if place == shard}, kitchen.model / shard)
    (kitchen.model / "pytorch_model.bin.index.json").write_text(json.dumps({"weight_map": places}))
    assert_same(merged(kitchen), weights)


def set_trap(kitchen: Kitchen, weights: dict[str, torch.Tensor], **options: Any) -> Path:
    trap = kitchen.base / "trap"
    torch.save({**weights, "extra": Trap(trap)}, kitchen.model / "pytorch_model.bin", **options)
    return trap


@pytest.mark.parametrize("modern", [True, False])
def test_a_pickle_that_would_run_code_is_refused_by_what_it_would_call(
    kitchen: Kitchen, weights: dict[str, torch.Tensor], modern: bool
) -> None:
    trap = set_trap(kitchen, weights, _use_new_zipfile_serialization=modern)
    failure = kitchen.failure(request_for())
    assert failure.reason is FailureReason.RemoteCodeForbidden
    assert failure.message.startswith(
        "pytorch_model.bin of file://model is more than weights: reading it would call posix.mkdir."
    )
    assert str(failure).endswith("Set spec.source.trustRemoteCode to Allowed if you trust its author.")
    assert not trap.exists()


@pytest.mark.usefixtures("weights")
def test_a_plain_pickle_is_refused_by_what_it_would_call(kitchen: Kitchen) -> None:
    trap = kitchen.base / "trap"
    (kitchen.model / "pytorch_model.bin").write_bytes(pickle.dumps(Trap(trap)))
    assert "reading it would call posix.mkdir." in kitchen.failure(request_for()).message
    assert not trap.exists()


def test_a_pickle_that_is_trusted_is_read(kitchen: Kitchen, weights: dict[str, torch.Tensor]) -> None:
    trap = set_trap(kitchen, weights)
    assert_same(merged(kitchen, trusting()), weights)
    assert trap.exists()


@pytest.mark.parametrize("request_", [request_for(), trusting()], ids=["weights", "trusted"])
def test_exhausted_memory_is_no_damage(
    kitchen: Kitchen, weights: dict[str, torch.Tensor], request_: PreparationRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.save(weights, kitchen.model / "pytorch_model.bin")

    def load(*_: Any, weights_only: bool, **__: Any) -> object:
        if weights_only and request_.source.trust_remote_code is RemoteCode.Allowed:
            raise pickle.UnpicklingError
        return torch.empty(1 << 60)

    monkeypatch.setattr(torch, "load", load)
    assert kitchen.failure(request_).reason is FailureReason.OutOfMemory


def test_consent_is_part_of_the_input(kitchen: Kitchen) -> None:
    keys = {resolve(request, kitchen.base).key_for(request) for request in (request_for(), trusting())}
    assert len(keys) == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"not a pickle", "pytorch_model.bin of file://model is cut or damaged ("),
        ({"epoch": 3}, "pytorch_model.bin of file://model holds no weights by name."),
    ],
)
@pytest.mark.usefixtures("weights")
def test_what_holds_no_weights_is_refused(kitchen: Kitchen, content: Any, message: str) -> None:
    file = kitchen.model / "pytorch_model.bin"
    if isinstance(content, bytes):
        file.write_bytes(content)
    else:
        torch.save(content, file)
    assert kitchen.failure(request_for()).message.startswith(message)
