"""The options of one of the server's models. Imports nothing heavy."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from transformermodel_api.explanations import Explanations
from transformermodel_api.predictor import Batching, Predictor
from transformermodel_predictor.engines.device import DeviceChoice
from transformermodel_predictor.torchserve.handler_options import HandlerOptions


@dataclass(frozen=True)
class ModelOptions:
    """How to run a model, from its manifest and the command line.

    Attributes:
        batching: limits on the size of a step and on waiting rows.
        device: the device that runs it.
        explanations: whether and how its answers are explained.
        handler: settings of an archive's workers.
    """

    batching: Batching = field(default_factory=Batching)
    device: DeviceChoice = field(default_factory=DeviceChoice)
    explanations: Explanations = field(default_factory=Explanations)
    handler: HandlerOptions = field(default_factory=HandlerOptions)

    @classmethod
    def of(cls, predictor: Predictor) -> "ModelOptions":
        """The options in spec.predictor."""
        return cls(predictor.batching, DeviceChoice(predictor.device), predictor.explanations)

    def changed(self, device: str | None, batching: Mapping[str, int | None]) -> "ModelOptions":
        """The options with the command line's values in place of the manifest's; None for those it leaves out.

        Raises:
            UserError: the device is not known.
        """
        flags = {name: value for name, value in batching.items() if value is not None}
        return ModelOptions(
            self.batching.model_copy(update=flags),
            self.device if device is None else DeviceChoice.parse(device),
            self.explanations,
            self.handler,
        )
