"""Revisions: what replicas run, each stored in a ControllerRevision named after a hash of its content."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from transformermodel_api import GROUP
from transformermodel_api.identity import canonical_json, fingerprint
from transformermodel_api.model import Metadata, TransformerModel
from transformermodel_api.status import Artifact
from transformermodel_operator.children.identity import metadata
from transformermodel_operator.children.pods import serving_pods
from transformermodel_operator.objects import CONTROLLER_REVISION, Document, annotations
from transformermodel_operator.settings import Settings

COMPONENT = "revision"

FAILED_ANNOTATION = f"{GROUP}/failed"
"""Annotation of a ControllerRevision whose rollout failed: a `Failure` as JSON."""


@dataclass(frozen=True)
class Revision:
    """What the replicas run, complete enough to be rolled out again.

    Attributes:
        name: the model's name and a hash of `pods`; also the ControllerRevision's name.
        pods: the result of `children.pods.serving_pods`.
        digest: the artifact's digest, for display.
    """

    name: str
    pods: Mapping[str, Any]
    digest: str

    @classmethod
    def of(cls, model: TransformerModel, artifact: Artifact, settings: Settings) -> "Revision":
        """The revision of a model's spec with an artifact."""
        pods = serving_pods(model, artifact, settings)
        return cls(f"{model.metadata.name}-{fingerprint(pods)[:12]}", pods, artifact.digest)

    @classmethod
    def read(cls, document: Document) -> "Revision":
        """Read the revision in a ControllerRevision."""
        return cls(document["metadata"]["name"], document["data"]["pods"], document["data"]["artifact"])


@dataclass(frozen=True)
class Failure:
    """Why the rollout of a revision failed.

    Attributes:
        attempt: identity of the request that failed; a request with another one is tried again.
        reason: a condition's reason.
        message: a sentence for people.
    """

    attempt: str
    reason: str
    message: str

    @classmethod
    def read(cls, document: Document) -> "Failure | None":
        """Read the annotation of a ControllerRevision; None if it is absent or unreadable."""
        try:
            marked = json.loads(annotations(document).get(FAILED_ANNOTATION, "null"))
            return cls(str(marked["attempt"]), str(marked["reason"]), str(marked["message"]))
        except (ValueError, TypeError, KeyError):
            return None

    def write(self) -> str:
        """The value of the annotation."""
        return canonical_json({"attempt": self.attempt, "reason": self.reason, "message": self.message})


def controller_revision(
    owner: Metadata, revision: Revision, number: int, failure: Failure | None = None
) -> dict[str, Any]:
    """The ControllerRevision that stores a revision.

    Args:
        owner: the model.
        revision: the revision to store.
        number: greater than those of earlier revisions.
        failure: why its rollout failed; None if it has not.
    """
    marks = {} if failure is None else {"annotations": {FAILED_ANNOTATION: failure.write()}}
    return {
        "apiVersion": CONTROLLER_REVISION.api_version,
        "kind": CONTROLLER_REVISION.name,
        "metadata": {**metadata(owner, revision.name, COMPONENT), **marks},
        "revision": number,
        "data": {"artifact": revision.digest, "pods": revision.pods},
    }
