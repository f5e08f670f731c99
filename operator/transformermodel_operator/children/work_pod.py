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
"""Names of the containers that do the work; a pod can have others, injected by an admission webhook."""

_SCRATCH = "/scratch"
_GROUP_ID = 65532


@dataclass(frozen=True)
class Work:
    """What a pod does.

    Attributes:
        container: name of its only container.
        command: program and arguments; no shell is involved.
        environment: variables; Kubernetes' references, $(NAME), are not expanded in their values.
        secrets: names of secrets whose keys become variables; None is left out.
        volumes: volumes of the pod.
        mounts: mounts of the container.
        resources: compute resources, as in a container's spec.
        fallback_to_logs: whether the termination message of a container that fails without one is the end of its log.
    """

    container: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: Sequence[str | None] = ()
    volumes: Sequence[Mapping[str, Any]] = ()
    mounts: Sequence[Mapping[str, Any]] = ()
    resources: Mapping[str, Any] = field(default_factory=dict)
    fallback_to_logs: bool = False


def work_pod(work: Work, spec: TransformerModelSpec, settings: Settings) -> dict[str, Any]:
    """The spec of a pod: restricted by the Pod Security Standards, scheduled as spec.preparation says."""
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
        # The pod runs the predictor's image on the predictor's device.
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
    if work.fallback_to_logs:
        container["terminationMessagePolicy"] = "FallbackToLogsOnError"
    return container


def _given(part: Preparation | Predictor, fields: set[str]) -> dict[str, Any]:
    """The user's values of these fields, in camelCase, without empty ones."""
    given = part.model_dump(mode="json", by_alias=True, exclude_none=True, include=fields)
    return {name: value for name, value in given.items() if value}
