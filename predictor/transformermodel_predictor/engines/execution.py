"""Options in model-config.yaml that apply to the Pretrained engine."""

from dataclasses import dataclass
from typing import Self

from transformermodel_api.preparation import Attention, DeviceMap
from transformermodel_predictor.artifact.compilation import Compilation
from transformermodel_predictor.artifact.configuration import ModelConfiguration


@dataclass(frozen=True)
class Execution:
    """How transformers runs a model.

    Attributes:
        attention: how attention is computed.
        device_map: how the model is distributed over devices.
        compilation: arguments of torch.compile; None if it is not used.
        max_length: longest sequence to expect, in tokens.
        trust_remote_code: whether Python files beside the weights may run.
    """

    attention: Attention = Attention.Auto
    device_map: DeviceMap = DeviceMap.Single
    compilation: Compilation | None = None
    max_length: int = 512
    trust_remote_code: bool = False

    @classmethod
    def of(cls, configuration: ModelConfiguration) -> Self:
        """The options in a model's configuration."""
        return cls(
            configuration.attention,
            configuration.device_map,
            configuration.pt2.compile,
            configuration.max_length,
            configuration.trust_remote_code,
        )
