"""A candidate: one way in which an artifact could be served."""

from dataclasses import dataclass
from enum import StrEnum

from transformermodel_api.preparation import Format, Precision


class EngineName(StrEnum):
    """The engines that can run a model."""

    Pretrained = "Pretrained"
    Packed = "Packed"
    TorchScript = "TorchScript"
    Exported = "Exported"
    ONNX = "ONNX"
    Neuron = "Neuron"


@dataclass(frozen=True)
class Candidate:
    """A form of the weights, the engine that runs it, and its precision. Never `Auto`: that is resolved before."""

    format: Format
    engine: EngineName
    precision: Precision

    def __str__(self) -> str:
        """For people: `Exported BFloat16`, or `Pretrained/Packed Float32` if the form has several engines."""
        form = self.format.value if self.engine.value in self.format.value else f"{self.format}/{self.engine}"
        return f"{form} {self.precision}"

    @property
    def slug(self) -> str:
        """A name for folders and files, unique to the candidate."""
        return "-".join((self.format, self.engine, self.precision)).lower()


REFERENCE = Candidate(Format.Pretrained, EngineName.Pretrained, Precision.Float32)
"""The candidate that all others are compared with: the model as transformers runs it, in float32."""
