"""spec.storage: where prepared artifacts are kept."""

from typing import Annotated

from pydantic import Field

from transformermodel_api.rules import ResourceType, Rule
from transformermodel_api.source import SecretReference


class Storage(ResourceType):
    """Where prepared artifacts are kept."""

    uri: Annotated[
        str,
        Field(
            min_length=1,
            max_length=1024,
            description="pvc://claim/path (a PersistentVolumeClaim in the model's namespace and a folder in it), "
            "s3://bucket/path, gs://bucket/path or az://container/path; the path may be left out.",
        ),
        Rule(
            "self.matches(r'^(pvc|s3|gs|az)://[a-z0-9]([-a-z0-9.]*[a-z0-9])?(/[A-Za-z0-9._-]+)*$')",
            "must be pvc://claim, s3://bucket, gs://bucket or az://container, and a path after it where wanted",
        ),
    ]
    secret_ref: Annotated[
        SecretReference | None,
        Field(
            description="Secret whose keys become environment variables of whatever reads or writes the store, such as "
            "AWS_ACCESS_KEY_ID. The operator never reads it."
        ),
    ] = None
