"""The pods of Jobs that run the predictor's image: to prepare, to check a source, to remove artifacts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from transformermodel_api.predictor import Predictor
from transformermodel_api.preparation import Preparation
from transformermodel_api.spec import TransformerModelSpec
from transformermodel_operator.children.storage import credentials
from transformermodel_operator.settings import Settings

CONTAINERS = frozenset({"prepare", "resolve", "remove"})
"""Names of the containers that do the work: a pod can have others, which an admission webhook has put beside it."""

_SCRATCH = "/scratch"
_GROUP_ID = 65532


@dataclass(frozen=True)
class Work:
    """What a pod is to do.

    Attributes:
        container: name of its one container.
        command: program and arguments; nothing of it passes through a shell.
        environment: variables. Kubernetes' own references, $(NAME), are not expanded in their values.
        secrets: names of secrets whose keys become variables.
        volumes: volumes of the pod, and
        mounts: where the container has them.
        resources: compute resources.
        last_words: whether the end of the log is the termination message of a container that fails without one.
    """

    container: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: Sequence[str | None] = ()
    volumes: Sequence[Mapping[str, Any]] = ()
    mounts: Sequence[Mapping[str, Any]] = ()
    resources: Mapping[str, Any] = field(default_factory=dict)
    last_words: bool = False


def work_pod(work: Work, spec: TransformerModelSpec, settings: Settings) -> dict[str, Any]:
    """The spec of a pod, restricted as PodSecurity wants it, placed as the model wants its preparation."""
    identity = spec.preparation.service_account_name
    return {
        "restartPolicy": "Never",
        **({"serviceAccountName": identity} if identity is not None else {}),
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "fsGroup": _GROUP_ID,
            "fsGroupChangePolicy": "OnRootMismatch",  # a store can hold very many files
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(work, spec.predictor.image or settings.predictor_image, settings)],
        "volumes": [*work.volumes, {"name": "scratch", "emptyDir": {}}],
        **_given(spec.preparation, {"node_selector", "tolerations"}),
        # It runs the predictor's image, on the predictor's device.
        **_given(spec.predictor, {"image_pull_secrets", "runtime_class_name"}),
    }


def _container(work: Work, image: str, settings: Settings) -> dict[str, Any]:
    environment = {**work.environment, "HOME": _SCRATCH, "TMPDIR": _SCRATCH, "HF_HOME": f"{_SCRATCH}/hf"}
    container: dict[str, Any] = {
        "name": work.container,
        "image": image,
        "imagePullPolicy": settings.image_pull_policy,
        "command": list(work.command),
        "env": [{"name": name, "value": value.replace("$(", "$$(")} for name, value in environment.items()],
        "resources": dict(work.resources),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [*work.mounts, {"name": "scratch", "mountPath": _SCRATCH}],
    }
    if secrets := credentials(*work.secrets):
        container["envFrom"] = secrets
    if work.last_words:
        container["terminationMessagePolicy"] = "FallbackToLogsOnError"
    return container


def _given(part: Preparation | Predictor, fields: set[str]) -> dict[str, Any]:
    """What the user says in these fields, as Kubernetes spells it."""
    given = part.model_dump(mode="json", by_alias=True, exclude_none=True, include=fields)
    return {name: value for name, value in given.items() if value}
