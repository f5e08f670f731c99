import sys
import types

import pytest
import torch

from transformermodel_predictor.torchserve.testing import handlers_can_import

with handlers_can_import():
    from ts.torch_handler import devices
    from ts.torch_handler.devices import choose_device


@pytest.fixture
def everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with every kind of accelerator."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (7, 5))
    monkeypatch.setattr(torch.xpu, "is_available", lambda: True)
    monkeypatch.setenv("TS_IPEX_GPU_ENABLE", "true")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    xla_model = types.SimpleNamespace(xla_device=lambda: torch.device("xla:0"))
    monkeypatch.setitem(sys.modules, "torch_xla.core", types.SimpleNamespace(xla_model=xla_model))
    monkeypatch.setattr(devices, "XLA_AVAILABLE", True)


@pytest.mark.usefixtures("everything")
def test_the_first_that_is_there_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [choose_device(1)]
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    found.append(choose_device(1))
    monkeypatch.setenv("TS_IPEX_GPU_ENABLE", "false")
    found.append(choose_device(1))
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    found.append(choose_device(1))
    monkeypatch.setattr(devices, "XLA_AVAILABLE", False)
    found.append(choose_device(1))
    assert [str(placement.device) for placement in found] == ["cuda:1", "xpu:1", "mps", "xla:0", "cpu"]
    assert [placement.map_location for placement in found] == ["cuda", "xpu", "mps", "cpu", "cpu"]


@pytest.mark.usefixtures("everything")
def test_a_worker_that_was_given_no_accelerator_takes_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "XLA_AVAILABLE", False)
    assert str(choose_device(None).device) == "cpu"


@pytest.mark.usefixtures("everything")
def test_tensor_cores_multiply_float32_matrices(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(torch, "set_float32_matmul_precision", asked.append)
    choose_device("0")
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (8, 0))
    choose_device("0")
    assert asked == ["high"]
