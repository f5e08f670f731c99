"""spec.predictor.volumes and volumeMounts, as in Kubernetes' own types. None gives access to the node."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from transformermodel_api.pods import Quantity
from transformermodel_api.rules import ResourceType, Rule

VolumeName = Annotated[
    str,
    Field(min_length=1, max_length=63, description="Name of the volume in the pod."),
    Rule(
        "self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",
        "must be lower-case letters, digits and '-', and not start or end with '-'",
    ),
    Rule(
        "self != 'scratch' && !self.startsWith('kserve-')",
        "scratch and names that start with kserve- are the serving runtime's; choose another name",
    ),
]


class Medium(StrEnum):
    """What an empty folder is kept on."""

    Memory = "Memory"


class EmptyFolder(ResourceType):
    """A folder that lives as long as the pod."""

    medium: Annotated[Medium | None, Field(description="Memory; the node's disk when absent.")] = None
    size_limit: Annotated[Quantity | None, Field(description="Most that it may hold.")] = None


class ConfigMapVolume(ResourceType):
    """The keys of a ConfigMap as files."""

    name: Annotated[str, Field(min_length=1, max_length=253, description="Name of the ConfigMap.")]
    optional: Annotated[bool | None, Field(description="Whether it may be missing; it must be there when absent.")] = (
        None
    )


class SecretVolume(ResourceType):
    """The keys of a Secret as files."""

    secret_name: Annotated[str, Field(min_length=1, max_length=253, description="Name of the Secret.")]
    optional: Annotated[bool | None, Field(description="Whether it may be missing; it must be there when absent.")] = (
        None
    )


class ClaimVolume(ResourceType):
    """A PersistentVolumeClaim."""

    claim_name: Annotated[str, Field(min_length=1, max_length=253, description="Name of the claim.")]
    read_only: Annotated[bool | None, Field(description="Whether nothing can be written to it.")] = None


class Volume(ResourceType):
    """A volume of the predictor's pods."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "[has(self.configMap), has(self.secret), has(self.persistentVolumeClaim), has(self.emptyDir)]"
            ".filter(given, given).size() == 1",
            "give one of configMap, secret, persistentVolumeClaim and emptyDir",
        ),
    )

    name: VolumeName
    config_map: Annotated[ConfigMapVolume | None, Field(description="The keys of a ConfigMap as files.")] = None
    secret: Annotated[SecretVolume | None, Field(description="The keys of a Secret as files.")] = None
    persistent_volume_claim: Annotated[ClaimVolume | None, Field(description="A PersistentVolumeClaim.")] = None
    empty_dir: Annotated[EmptyFolder | None, Field(description="A folder that lives as long as the pod.")] = None


class VolumeMount(ResourceType):
    """Where the predictor's container has a volume."""

    name: VolumeName
    mount_path: Annotated[
        str,
        Field(min_length=1, max_length=1024, description="Folder in the container."),
        Rule(
            "self.startsWith('/') && !self.contains(':')"
            " && !(self + '/').startsWith('/mnt/models/') && !(self + '/').startsWith('/scratch/')",
            "must be an absolute path without ':', and not in /mnt/models or /scratch, which the serving runtime uses",
        ),
    ]
    sub_path: Annotated[
        str | None, Field(max_length=1024, description="Folder or file of the volume; all when absent.")
    ] = None
    read_only: Annotated[bool | None, Field(description="Whether nothing can be written to it.")] = None
