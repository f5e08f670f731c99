"""Which devices are taken. The hardware is what the test says there is."""

import pytest
import torch

from transformermodel_api.errors import UserError
from transformermodel_api.predictor import Device
from transformermodel_predictor.engines import device
from transformermodel_predictor.engines.device import DeviceChoice, choose_devices, device_counts


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> dict[Device, int]:
    """Counts of devices, which the test changes; only a CPU at first."""
    counts = dict.fromkeys(Device, 0) | {Device.CPU: 1}
    monkeypatch.setattr(device, "device_counts", lambda: counts)
    return counts


@pytest.mark.parametrize("kind", [Device.CUDA, Device.XPU, Device.MPS, Device.XLA, Device.CPU])
def test_auto_takes_the_first_kind_in_torchserves_order(there: dict[Device, int], kind: Device) -> None:
    for later in list(device.ORDER)[device.ORDER.index(kind) :]:
        there[later] = 1
    assert {found.type for found in choose_devices(DeviceChoice())} == {kind.value.lower()}


def test_all_devices_of_the_kind_are_taken(there: dict[Device, int]) -> None:
    there[Device.CUDA] = 3
    assert choose_devices(DeviceChoice()) == tuple(torch.device("cuda", index) for index in range(3))


def test_or_those_that_are_named(there: dict[Device, int]) -> None:
    there[Device.CUDA] = 3
    assert choose_devices(DeviceChoice.parse("CUDA:2,0")) == (torch.device("cuda", 2), torch.device("cuda", 0))


@pytest.mark.parametrize("text", ["cuda", "cuda:1", "mps"])
def test_a_device_that_is_not_here_is_refused_with_those_that_are(there: dict[Device, int], text: str) -> None:
    if text == "cuda:1":
        there[Device.CUDA] = 1
    with pytest.raises(UserError, match=r"is not here: this machine has .*1 CPU"):
        choose_devices(DeviceChoice.parse(text))


@pytest.mark.parametrize("text", ["gpu", "cuda:x", "cuda:-1", "auto:0", "", "cuda:0,"])
def test_what_is_no_device_is_refused_with_the_forms_there_are(text: str) -> None:
    with pytest.raises(UserError, match="name one of auto, cpu, cuda"):
        DeviceChoice.parse(text)


def test_this_machine_has_a_cpu() -> None:
    assert device_counts()[Device.CPU] == 1
