"""Where a model's artifacts go."""

from transformermodel_api.spec import TransformerModelSpec
from transformermodel_operator.children.storage import StorageLocation
from transformermodel_operator.settings import Settings
from transformermodel_operator.snapshot import Refusal

STORAGE_MISSING, STORAGE_INVALID = "StorageMissing", "StorageInvalid"


def locate(spec: TransformerModelSpec, settings: Settings) -> StorageLocation | Refusal:
    """The model's own storage, else the operator's default; or why there is none."""
    uri = spec.storage.uri if spec.storage is not None else settings.default_storage
    if uri is None:
        return Refusal(
            STORAGE_MISSING,
            "There is nowhere to keep the artifact. Set spec.storage.uri to pvc://claim or pvc://claim/path, "
            "or let the operator's administrator set a default.",
        )
    try:
        return StorageLocation.parse(uri)
    except ValueError as error:
        return Refusal(STORAGE_INVALID, f"Storage {error}.")
