"""Where a model's artifacts go."""

from transformermodel_api.spec import TransformerModelSpec
from transformermodel_operator.children.storage import (
    AnyStorage,
    ObjectStorage,
    StorageLocation,
    is_object_uri,
    storage_secret,
)
from transformermodel_operator.reasons import Reason
from transformermodel_operator.settings import Settings
from transformermodel_operator.snapshot import Refusal


def locate(spec: TransformerModelSpec, settings: Settings) -> AnyStorage | Refusal:
    """The model's own storage, else the operator's default; or the reason why there is none."""
    uri = spec.storage.uri if spec.storage is not None else settings.default_storage
    if uri is None:
        return Refusal(
            Reason.StorageMissing,
            "There is nowhere to keep the artifact. Set spec.storage.uri to pvc://claim, s3://bucket, gs://bucket or "
            "az://container, and a path after it where wanted, or let the operator's administrator set a default.",
        )
    if is_object_uri(uri):
        return ObjectStorage(uri, storage_secret(spec, settings))
    try:
        return StorageLocation.parse(uri)
    except ValueError as error:
        return Refusal(Reason.StorageInvalid, f"Storage {error}.")
