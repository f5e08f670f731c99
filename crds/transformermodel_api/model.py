"""The resource TransformerModel: metadata, spec and status."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field, model_validator

from transformermodel_api.nulls import without_nulls
from transformermodel_api.rules import ResourceType, Rule
from transformermodel_api.spec import TransformerModelSpec
from transformermodel_api.status import TransformerModelStatus


class Metadata(ResourceType):
    """The fields of Kubernetes' ObjectMeta that the project reads; the others are ignored."""

    model_config = ConfigDict(extra="ignore")

    name: str
    namespace: str = "default"
    uid: str | None = None
    generation: int | None = None
    deletion_timestamp: str | None = None
    annotations: Mapping[str, str] = {}


class TransformerModel(ResourceType):
    """A Hugging Face model, prepared, verified and served."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("self.metadata.name.size() <= 40", "metadata.name must have at most 40 characters", ".metadata"),
        Rule(
            "self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
            "metadata.name must be lower-case letters, digits and '-', start with a letter and not end with '-'",
            ".metadata",
        ),
    )

    api_version: Literal["transformermodel.dev/v1alpha1"] = "transformermodel.dev/v1alpha1"
    kind: Literal["TransformerModel"] = "TransformerModel"
    metadata: Metadata
    spec: Annotated[TransformerModelSpec, Field(description="The wanted state of the model.")]
    status: Annotated[
        TransformerModelStatus | None, Field(description="The observed state of the model, written by the operator.")
    ] = None

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, document: object) -> object:
        return without_nulls(document)

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> "TransformerModel":
        """Read a document that was validated, by the API server or by `validation`.

        Raises:
            pydantic.ValidationError: the document does not have the types of this version.
        """
        return cls.model_validate(document)
