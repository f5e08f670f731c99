"""How one of the server's models is run. Imports nothing heavy."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from transformermodel_api.explanations import Explanations
from transformermodel_api.predictor import Batching, Predictor
from transformermodel_predictor.engines.device import DeviceChoice
from transformermodel_predictor.torchserve.handler_options import HandlerOptions


@dataclass(frozen=True)
class ModelOptions:
    """What a manifest and the command line say about running a model.

    Attributes:
        batching: bounds of a step, and of what may wait.
        device: what runs it.
        explanations: whether and how its answers are explained.
        handler: how the workers of an archive are run.
    """

    batching: Batching = field(default_factory=Batching)
    device: DeviceChoice = field(default_factory=DeviceChoice)
    explanations: Explanations = field(default_factory=Explanations)
    handler: HandlerOptions = field(default_factory=HandlerOptions)

    @classmethod
    def of(cls, predictor: Predictor) -> "ModelOptions":
        """What spec.predictor says."""
        return cls(predictor.batching, DeviceChoice(predictor.device), predictor.explanations)

    def changed(self, device: str | None, batching: Mapping[str, int | None]) -> "ModelOptions":
        """With what the command line says in place of the manifest; None is what it does not say.

        Raises:
            UserError: the device is not known.
        """
        given = {name: value for name, value in batching.items() if value is not None}
        return ModelOptions(
            self.batching.model_copy(update=given),
            self.device if device is None else DeviceChoice.parse(device),
            self.explanations,
            self.handler,
        )
