"""The failure for what cannot be used of an archive."""

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason


def unusable(origin: str, why: str) -> PreparationFailed:
    """The failure for an archive that is read and cannot be run."""
    return PreparationFailed(FailureReason.UnsupportedSource, f"{origin} {why}.")
