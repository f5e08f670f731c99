"""How one of the server's models is run. Imports nothing heavy."""

from dataclasses import dataclass, field

from transformermodel_api.predictor import Batching, Predictor
from transformermodel_predictor.engines.device import DeviceChoice


@dataclass(frozen=True)
class ModelOptions:
    """What a manifest and the command line say about running a model.

    Attributes:
        batching: bounds of a step, and of what may wait.
        device: what runs it.
    """

    batching: Batching = field(default_factory=Batching)
    device: DeviceChoice = field(default_factory=DeviceChoice)

    @classmethod
    def of(cls, predictor: Predictor) -> "ModelOptions":
        """What spec.predictor says."""
        return cls(predictor.batching, DeviceChoice(predictor.device))

    def with_batching(self, **given: int | None) -> "ModelOptions":
        """With the fields of the command line that are not None in place of the manifest's."""
        changes = {name: value for name, value in given.items() if value is not None}
        return ModelOptions(self.batching.model_copy(update=changes), self.device)
