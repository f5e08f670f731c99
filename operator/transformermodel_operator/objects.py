"""Kubernetes objects as the operator handles them: JSON documents, their kinds, and references to them. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from transformermodel_api import GROUP, KIND, PLURAL, VERSION

Document = Mapping[str, Any]
"""An object as the API server sends it."""

MODEL_LABEL = f"{GROUP}/model"
"""Label of every owned object, and through KServe of its Deployment: the model's name."""

REQUESTED_AT_ANNOTATION = f"{GROUP}/requested-at"
"""Annotation of a model; a new value requests a new preparation."""

FINALIZER = f"{GROUP}/artifacts"
"""Finalizer of a model whose artifacts are removed before the model is."""

LEAVE_ARTIFACTS_ANNOTATION = f"{GROUP}/leave-artifacts"
"""Annotation of a model; with the value "true", deleting the model leaves its artifacts in the store."""


@dataclass(frozen=True)
class Kind:
    """A kind of object: API group (empty for core), version, kind, and plural name in urls."""

    group: str
    version: str
    name: str
    plural: str

    @property
    def api_version(self) -> str:
        """The value of an object's apiVersion."""
        return f"{self.group}/{self.version}" if self.group else self.version


MODEL = Kind(GROUP, VERSION, KIND, PLURAL)
JOB = Kind("batch", "v1", "Job", "jobs")
INFERENCE_SERVICE = Kind("serving.kserve.io", "v1beta1", "InferenceService", "inferenceservices")
DEPLOYMENT = Kind("apps", "v1", "Deployment", "deployments")
CONTROLLER_REVISION = Kind("apps", "v1", "ControllerRevision", "controllerrevisions")
DISRUPTION_BUDGET = Kind("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets")
POD = Kind("", "v1", "Pod", "pods")
CLAIM = Kind("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims")
EVENT = Kind("events.k8s.io", "v1", "Event", "events")
LEASE = Kind("coordination.k8s.io", "v1", "Lease", "leases")

_KINDS = {
    (kind.api_version, kind.name): kind
    for kind in (MODEL, JOB, INFERENCE_SERVICE, DEPLOYMENT, CONTROLLER_REVISION, DISRUPTION_BUDGET)
}


class Key(NamedTuple):
    """Namespace and name of a model, the item of the work queue."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True)
class Reference:
    """Kind, namespace and name of an object that may or may not exist."""

    kind: Kind
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind.name} {self.namespace}/{self.name}"

    @classmethod
    def to(cls, document: Document) -> "Reference":
        """The reference to a document.

        Raises:
            KeyError: the operator does not write objects of its kind.
        """
        metadata = document["metadata"]
        return cls(_KINDS[document["apiVersion"], document["kind"]], metadata["namespace"], metadata["name"])


def key_of(document: Document) -> Key:
    """Namespace and name of an object; for a TransformerModel, its key in the work queue."""
    return Key(document["metadata"]["namespace"], document["metadata"]["name"])


def key_of_child(document: Document) -> Key | None:
    """The key of the model that an owned object's label names; None without that label."""
    name = document["metadata"].get("labels", {}).get(MODEL_LABEL)
    return None if name is None else Key(document["metadata"]["namespace"], name)


def uid(document: Document) -> str:
    """The object's uid, which differs from that of any other object of the same name."""
    return str(document["metadata"]["uid"])


def resource_version(document: Document) -> int:
    """The object's resourceVersion; of two versions of one object, the greater is the newer."""
    return int(document["metadata"]["resourceVersion"])


def newest_first(documents: Iterable[Document]) -> list[Document]:
    """The objects by creation time, newest first."""
    return sorted(documents, key=lambda document: str(document["metadata"]["creationTimestamp"]), reverse=True)


def annotations(document: Document) -> Mapping[str, str]:
    """The object's annotations; empty if there are none."""
    found: Mapping[str, str] = document["metadata"].get("annotations") or {}
    return found


def applied_at(document: Document, manager: str, otherwise: datetime) -> datetime:
    """When server-side apply by a field manager last changed the object; `otherwise` if managedFields do not say."""
    entries = document["metadata"].get("managedFields") or ()
    times = (
        entry["time"]
        for entry in entries
        if (entry.get("manager"), entry.get("operation")) == (manager, "Apply") and not entry.get("subresource")
    )
    return max(map(datetime.fromisoformat, times), default=otherwise)


def is_terminating(document: Document) -> bool:
    """Whether the object is being deleted and waits for its finalizers."""
    return "deletionTimestamp" in document["metadata"]


def has_finalizer(document: Document) -> bool:
    """Whether the object has the operator's finalizer."""
    return FINALIZER in (document["metadata"].get("finalizers") or ())


def controller(document: Document) -> Document | None:
    """The owner reference of the object's controller; None if it has none."""
    owners = document["metadata"].get("ownerReferences") or ()
    return next((owner for owner in owners if owner.get("controller")), None)


def condition(document: Document, kind: str) -> Document | None:
    """The condition of a type in the object's status; None if there is none."""
    conditions = document.get("status", {}).get("conditions") or ()
    return next((found for found in conditions if found["type"] == kind), None)


def holds(document: Document, kind: str) -> bool:
    """Whether the object's condition of a type is True."""
    found = condition(document, kind)
    return found is not None and found["status"] == "True"
