"""Choosing the devices that run a model."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Self

from transformermodel_api.errors import UserError
from transformermodel_api.predictor import Device

if TYPE_CHECKING:
    import torch

ORDER = (Device.CUDA, Device.XPU, Device.MPS, Device.XLA, Device.CPU)
"""Order in which Auto looks for devices, as in TorchServe (ts.torch_handler.base_handler.BaseHandler.initialize)."""


@dataclass(frozen=True)
class DeviceChoice:
    """Devices as a user names them: a kind, and optionally ids.

    Attributes:
        kind: Auto is the first kind that is present.
        ids: device numbers; all devices of the kind when empty.
    """

    kind: Device = Device.Auto
    ids: tuple[int, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse `cuda`, `cuda:1`, `cuda:0,2`; the kind in upper or lower case.

        Raises:
            UserError: the kind is unknown, or an id is not a number.
        """
        name, _, numbers = text.partition(":")
        kind = next((kind for kind in Device if kind.value.lower() == name.lower()), None)
        ids = numbers.split(",") if numbers else []
        if kind is None or not all(number.isdecimal() for number in ids) or (ids and kind is Device.Auto):
            kinds = ", ".join(kind.value.lower() for kind in Device)
            raise UserError(f"device {text!r} is not known: name one of {kinds}, or devices of a kind, as in cuda:0,1")
        return cls(kind, tuple(int(number) for number in ids))


def choose_devices(choice: DeviceChoice) -> tuple["torch.device", ...]:
    """The chosen devices of this machine; a model gets a replica on each.

    Raises:
        UserError: this machine lacks them; the message lists what it has.
    """
    import torch  # slow to import, and not needed to parse a choice

    counts = device_counts()
    kind = next(kind for kind in ORDER if counts[kind]) if choice.kind is Device.Auto else choice.kind
    ids = choice.ids or range(counts[kind])
    if not counts[kind] or any(index >= counts[kind] for index in ids):
        there = ", ".join(f"{count} {kind.value}" for kind, count in counts.items() if count)
        wanted = ", ".join(str(index) for index in choice.ids)
        raise UserError(f"device {kind.value}{f' {wanted}' if wanted else ''} is not here: this machine has {there}")
    name = kind.value.lower()
    return tuple(torch.device(name) if kind is Device.CPU else torch.device(name, index) for index in ids)


def device_counts() -> Mapping[Device, int]:
    """Number of devices of each kind that PyTorch can use here. The CPU counts as one."""
    import torch

    return {
        Device.CUDA: torch.cuda.device_count() if torch.cuda.is_available() else 0,
        Device.XPU: torch.xpu.device_count() if torch.xpu.is_available() else 0,
        Device.MPS: int(torch.backends.mps.is_available()),
        Device.XLA: _xla_count(),
        Device.CPU: 1,
    }


def _xla_count() -> int:
    """1 if torch_xla is installed, which implies that there is such a device."""
    return int(find_spec("torch_xla") is not None)
