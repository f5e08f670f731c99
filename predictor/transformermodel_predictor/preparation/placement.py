"""The device a model will run on, and the device of this machine that its candidates are compared and measured on."""

from dataclasses import dataclass

import torch

from transformermodel_api.predictor import Device
from transformermodel_api.preparation import Format
from transformermodel_predictor.candidate import Candidate
from transformermodel_predictor.engines.device import DeviceChoice, choose_devices, device_counts
from transformermodel_predictor.engines.processor import compiled_here

CPU = torch.device("cpu")

_BOUND = (Format.TorchScript, Format.Exported)
"""Forms that name their device at every step: they are made where they run. ONNX and Neuron know theirs themselves."""

_COMPILED = (Format.Exported,)
"""Forms of machine code, which other processors and other versions of PyTorch do not run."""


@dataclass(frozen=True)
class Placement:
    """The devices for serving and for preparing a model.

    Attributes:
        target: device of the predictor, as far as it is known.
        device: device of this machine on which candidates are built, compared and measured: the target, or the CPU
            where this machine has no such device.
    """

    target: torch.device = CPU
    device: torch.device = CPU

    @property
    def absent(self) -> bool:
        """Whether this machine lacks the device that the model will run on."""
        return self.target.type != self.device.type

    def refusal(self, candidate: Candidate) -> str | None:
        """Why a candidate cannot be made on this machine, without a full stop; None if it can."""
        if self.absent and candidate.format in _BOUND:
            return (
                f"the form {candidate.format.value} is made on the device that runs it, and this machine has no "
                f"{_name(self.target)}: prepare it where there is one, which spec.preparation.nodeSelector and "
                "resources can name"
            )
        return None

    def note(self) -> str | None:
        """A note if figures are measured on another device than the predictor's; else None."""
        if not self.absent:
            return None
        return f"Compared and measured on the {_name(self.device)}: this machine has no {_name(self.target)}."

    def identity(self, form: Format) -> dict[str, str]:
        """What the outcome of a preparation depends on in this machine, as far as another device or code decides.

        Args:
            form: as the manifest names it. Compiled code depends on the processor too, and Auto does not compile.
        """
        facts = {} if self.target == CPU else {"device": self.target.type}
        if self.absent:
            facts["measuredOn"] = self.device.type
        return facts | compiled_here(self.device) if form in _COMPILED else facts


def placement_for(wanted: Device) -> Placement:
    """The placement for a kind of device: the first of that kind; for Auto the one a predictor would take here.

    A kind that this machine lacks is no error: weights can be prepared for it all the same.
    """
    if wanted is not Device.Auto and not device_counts()[wanted]:
        return Placement(target=torch.device(wanted.value.lower()))
    device = choose_devices(DeviceChoice(wanted))[0]
    return Placement(device, device)


def _name(device: torch.device) -> str:
    return device.type.upper()
