"""Which devices run a model."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Self

from transformermodel_api.errors import UserError
from transformermodel_api.predictor import Device

if TYPE_CHECKING:
    import torch

ORDER = (Device.CUDA, Device.XPU, Device.MPS, Device.XLA, Device.CPU)
"""What Auto looks for, in TorchServe's order (ts.torch_handler.base_handler.BaseHandler.initialize)."""


@dataclass(frozen=True)
class DeviceChoice:
    """Devices as a user names them: a kind, and which ones of it.

    Attributes:
        kind: Auto is the first kind that there is.
        ids: numbers of the devices; all of the kind when empty.
    """

    kind: Device = Device.Auto
    ids: tuple[int, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `cuda`, `cuda:1`, `cuda:0,2`; the kind in any case.

        Raises:
            UserError: there is no such kind, or a number is none.
        """
        name, _, numbers = text.partition(":")
        kind = next((kind for kind in Device if kind.value.lower() == name.lower()), None)
        ids = numbers.split(",") if numbers else []
        if kind is None or not all(number.isdecimal() for number in ids) or (ids and kind is Device.Auto):
            kinds = ", ".join(kind.value.lower() for kind in Device)
            raise UserError(f"device {text!r} is not known: name one of {kinds}, or devices of a kind, as in cuda:0,1")
        return cls(kind, tuple(int(number) for number in ids))


def choose_devices(choice: DeviceChoice) -> tuple["torch.device", ...]:
    """The devices of a choice that this machine has; a model gets a replica on each.

    Raises:
        UserError: this machine does not have them; the message says what it has.
    """
    import torch  # slow to import; a choice is parsed before it is needed

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
    """How many devices of each kind PyTorch can use here. The CPU is one device."""
    import torch

    return {
        Device.CUDA: torch.cuda.device_count() if torch.cuda.is_available() else 0,
        Device.XPU: torch.xpu.device_count() if torch.xpu.is_available() else 0,
        Device.MPS: int(torch.backends.mps.is_available()),
        Device.XLA: _xla_count(),
        Device.CPU: 1,
    }


def _xla_count() -> int:
    """One where torch_xla is installed, which is where there is such a device."""
    return int(find_spec("torch_xla") is not None)
