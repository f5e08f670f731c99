"""The versions of one model, of which one answers where a client names none."""

from transformermodel_predictor.protocols.errors import DefaultVersion, UnknownVersion, VersionTaken
from transformermodel_predictor.server.models.slot import ModelSlot


class Versions:
    """The slots of a model's versions, at least one.

    Attributes:
        slots: all of them, in the order in which they came.
        default: the one that answers where no version is named.
    """

    def __init__(self, slot: ModelSlot) -> None:
        self.slots = [slot]
        self.default = slot

    @property
    def names(self) -> list[str]:
        """The versions that are known."""
        return [slot.version for slot in self.slots if slot.version]

    def find(self, version: str = "") -> ModelSlot:
        """The slot of a version; the default where none is named, and where versions are not known yet.

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
        """One more version; it does not become the default.

        Raises:
            VersionTaken: there is one of this version.
        """
        if slot.version in [there.version for there in self.slots]:
            raise VersionTaken(slot.name, slot.version)
        self.slots.append(slot)

    def require_removable(self, slot: ModelSlot) -> None:
        """Pass if the model can do without this version.

        Raises:
            DefaultVersion: it is the default, and there are others.
        """
        if slot is self.default and len(self.slots) > 1:
            raise DefaultVersion(slot.name, slot.version)

    def set_default(self, version: str) -> None:
        """Let this version answer where none is named; raises as `find`."""
        self.default = self.find(version)
