"""The versions of one model, one of which is the default."""

from transformermodel_predictor.protocols.errors import DefaultVersion, UnknownVersion, VersionTaken
from transformermodel_predictor.server.models.slot import ModelSlot


class Versions:
    """The slots of a model's versions, at least one.

    Attributes:
        slots: the slots in the order of their registration.
        default: the slot for requests that name no version.
    """

    def __init__(self, slot: ModelSlot) -> None:
        self.slots = [slot]
        self.default = slot

    @property
    def names(self) -> list[str]:
        """The names of the versions, as far as they are known."""
        return [slot.version for slot in self.slots if slot.version]

    def find(self, version: str = "") -> ModelSlot:
        """The slot of a version: the default if none is named, or a slot whose version is not known yet.

        Raises:
            UnknownVersion: the model has no such version.
        """
        if not version:
            return self.default
        for slot in self.slots:
            if slot.version == version:
                return slot
        for slot in self.slots:
            if not slot.version:
                return slot
        raise UnknownVersion(self.default.name, version, [slot.version for slot in self.slots])

    def add(self, slot: ModelSlot) -> None:
        """Add a version, which does not become the default.

        Raises:
            VersionTaken: the model has this version already.
        """
        if slot.version in [other.version for other in self.slots]:
            raise VersionTaken(slot.name, slot.version)
        self.slots.append(slot)

    def require_removable(self, slot: ModelSlot) -> None:
        """Check that this version may be removed.

        Raises:
            DefaultVersion: the version is the default, and there are others.
        """
        if slot is self.default and len(self.slots) > 1:
            raise DefaultVersion(slot.name, slot.version)

    def set_default(self, version: str) -> None:
        """Make this version the default; raises as `find`."""
        self.default = self.find(version)
