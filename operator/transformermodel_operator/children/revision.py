"""Revisions: what replicas run, each kept as a ControllerRevision under a name that says what is in it."""

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
"""Annotation of a ControllerRevision that was given up: why, and of which attempt."""


@dataclass(frozen=True)
class Revision:
    """What the replicas run; it needs nothing else to be served again.

    Attributes:
        name: the model's name and a hash of `pods`; that of the ControllerRevision.
        pods: as `children.pods.serving_pods` makes them.
        digest: the artifact's, for people.
    """

    name: str
    pods: Mapping[str, Any]
    digest: str

    @classmethod
    def of(cls, model: TransformerModel, artifact: Artifact, settings: Settings) -> "Revision":
        """What a model's spec comes to with an artifact."""
        pods = serving_pods(model, artifact, settings)
        return cls(f"{model.metadata.name}-{fingerprint(pods)[:12]}", pods, artifact.digest)

    @classmethod
    def read(cls, document: Document) -> "Revision":
        """The revision in a ControllerRevision."""
        return cls(document["metadata"]["name"], document["data"]["pods"], document["data"]["artifact"])


@dataclass(frozen=True)
class Failure:
    """Why a revision was given up.

    Attributes:
        attempt: what was asked for when it was: another value asks to try again.
        reason: a condition's reason.
        message: a sentence for people.
    """

    attempt: str
    reason: str
    message: str

    @classmethod
    def read(cls, document: Document) -> "Failure | None":
        """The mark that a ControllerRevision has; None for one that has none, or one that nobody can read."""
        try:
            marked = json.loads(annotations(document).get(FAILED_ANNOTATION, "null"))
            return cls(str(marked["attempt"]), str(marked["reason"]), str(marked["message"]))
        except (ValueError, TypeError, KeyError):
            return None

    def write(self) -> str:
        """As it stands in the annotation."""
        return canonical_json({"attempt": self.attempt, "reason": self.reason, "message": self.message})


def controller_revision(
    owner: Metadata, revision: Revision, number: int, failure: Failure | None = None
) -> dict[str, Any]:
    """The object that keeps a revision.

    Args:
        owner: the model.
        revision: what is kept.
        number: greater than those of the revisions before it.
        failure: why it was given up; None for one that was not.
    """
    marks = {} if failure is None else {"annotations": {FAILED_ANNOTATION: failure.write()}}
    return {
        "apiVersion": CONTROLLER_REVISION.api_version,
        "kind": CONTROLLER_REVISION.name,
        "metadata": {**metadata(owner, revision.name, COMPONENT), **marks},
        "revision": number,
        "data": {"artifact": revision.digest, "pods": revision.pods},
    }
