"""spec.source: where a model comes from."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from transformermodel_api.origin import without_secrets
from transformermodel_api.rules import ResourceType, Rule

Location = Annotated[
    str,
    Field(min_length=1, max_length=1024),
    Rule(
        r"self.matches(r'^(hf://[A-Za-z0-9._-]+/[A-Za-z0-9._-]+|(s3|gs|az|https|pvc|file)://.+"
        r"|package://[A-Za-z0-9_.]+(/.+)?)$')",
        "must be hf://org/name, s3://, gs://, az://, https://, pvc:// or file:// and a path, or "
        "package://python.package/path",
    ),
]
"""The uri of a checkpoint, an adapter or samples."""


class RemoteCode(StrEnum):
    """Whether code that comes with a model may run."""

    Forbidden = "Forbidden"
    Allowed = "Allowed"


class Requirements(StrEnum):
    """What becomes of the Python packages that an archive requires."""

    Ignored = "Ignored"
    Installed = "Installed"


class SecretReference(ResourceType):
    """A secret in the model's own namespace."""

    name: Annotated[str, Field(min_length=1, max_length=253, description="Name of the secret.")]


class Source(ResourceType):
    """Where the checkpoint and its adapter come from."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(self.revision) || self.uri.startsWith('hf://')",
            "revision is only for hf:// uris; remove it or use an hf:// uri",
            field=".revision",
        ),
        Rule(
            "!has(self.adapterRevision) || (has(self.adapterUri) && self.adapterUri.startsWith('hf://'))",
            "adapterRevision is only for an hf:// adapterUri; remove it or use an hf:// adapterUri",
            field=".adapterRevision",
        ),
    )

    uri: Annotated[
        Location,
        Field(
            description="Where the checkpoint is: hf://org/name (a hub), s3://bucket/path, gs://bucket/path, "
            "az://container/path, https://host/file, pvc://claim/path, package://python.package/path (inside an "
            "installed Python package) or file://path (on one machine, relative to the manifest). A folder, or an "
            "archive of one (.mar, .zip, .tar.gz).",
        ),
    ]
    revision: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=255,
            description="Branch, tag or commit on the hub; main when absent. Resolved to a commit once, and every file "
            "is read at that commit. Only for hf:// uris.",
        ),
    ] = None
    check_interval_seconds: Annotated[
        int | None,
        Field(
            ge=60,
            le=31_536_000,
            description="On a cluster, how often a small Job checks whether uri and adapterUri point to something new, "
            "such as a branch that has moved, which is then prepared and rolled out. Never when absent.",
        ),
    ] = None
    adapter_uri: Annotated[
        Location | None,
        Field(description="Where a PEFT adapter is, as in uri. Preparation merges it into the weights."),
    ] = None
    adapter_revision: Annotated[
        str | None,
        Field(min_length=1, max_length=255, description="As revision, for an adapter on a hub."),
    ] = None
    secret_ref: Annotated[
        SecretReference | None,
        Field(
            description="Secret whose keys become environment variables of the preparation Job, such as HF_TOKEN. "
            "The operator never reads it."
        ),
    ] = None
    trust_remote_code: Annotated[
        RemoteCode,
        Field(
            description="Whether Python code that comes with the model may run, and pickles be read that hold more "
            "than weights: Forbidden or Allowed."
        ),
    ] = RemoteCode.Forbidden
    requirements: Annotated[
        Requirements,
        Field(
            description="Whether preparation installs what the archive's requirements.txt names, into a folder of the "
            "archive's own: Ignored or Installed. Only for the task Custom."
        ),
    ] = Requirements.Ignored

    @property
    def origin(self) -> str:
        """The uri for display, without the signature or password that it can contain."""
        return without_secrets(self.uri)

    @property
    def adapter_origin(self) -> str | None:
        """The adapter's uri for display; None without an adapter."""
        return None if self.adapter_uri is None else without_secrets(self.adapter_uri)
