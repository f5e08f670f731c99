"""A candidate: one way in which an artifact could be served."""

from dataclasses import dataclass
from enum import StrEnum

from transformermodel_api.preparation import Format, Precision


class EngineName(StrEnum):
    """What runs a model."""

    Pretrained = "Pretrained"
    Packed = "Packed"
    TorchScript = "TorchScript"
    Exported = "Exported"
    ONNX = "ONNX"
    Neuron = "Neuron"


@dataclass(frozen=True)
class Candidate:
    """A form of the weights, what runs it, and its arithmetic. Never `Auto`: that is a wish, not a way."""

    format: Format
    engine: EngineName
    precision: Precision
