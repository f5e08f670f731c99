"""The failure for archives that cannot be used."""

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason


def unusable(origin: str, why: str) -> PreparationFailed:
    """The failure for an archive that can be read but not run."""
    return PreparationFailed(FailureReason.UnsupportedSource, f"{origin} {why}.")
