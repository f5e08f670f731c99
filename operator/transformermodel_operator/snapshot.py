"""The input of a decision."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from pydantic import ValidationError

from transformermodel_api.contract import PreparationProgress
from transformermodel_api.model import TransformerModel
from transformermodel_api.status import TransformerModelStatus
from transformermodel_operator.objects import Document, Reference
from transformermodel_operator.pods.job_pods import JobPods
from transformermodel_operator.pods.replica_pods import ReplicaPods
from transformermodel_operator.reasons import Reason
from transformermodel_operator.settings import Settings

REFUSED_AGAIN_AFTER = timedelta(minutes=1)
"""How often a write that was refused is tried again."""


@dataclass(frozen=True)
class Refusal:
    """Why an object could not be written: a condition's reason and message."""

    reason: Reason
    message: str


@dataclass(frozen=True)
class Snapshot:
    """A model and the objects related to it, at one moment.

    Attributes:
        model: the TransformerModel as the API server has it.
        jobs: the Jobs that carry its label.
        service: the InferenceService of its name, if it carries its label or somebody has looked for it.
        deployment: the Deployment that KServe made of it.
        revisions: the ControllerRevisions that carry its label.
        budget: the PodDisruptionBudget of its predictor.
        replica_pods: the state of the predictor's pods; None if not inspected.
        kserve_installed: whether the API server knows InferenceServices.
        job_pods: the state of the wanted Job's pods; None if not inspected.
        progress: the wanted Job's progress from its log; None while unknown.
        claims: the PersistentVolumeClaims looked up, by name; None for a missing one.
        namesakes: objects looked up that have the name of a child and not its label.
        refusals: objects that belong to somebody else or that the API server refuses.
        settings: the operator's.
        now: the time, with its zone.
    """

    model: Document
    jobs: tuple[Document, ...]
    service: Document | None
    deployment: Document | None
    kserve_installed: bool
    settings: Settings
    now: datetime
    revisions: tuple[Document, ...] = ()
    budget: Document | None = None
    replica_pods: ReplicaPods | None = None
    job_pods: JobPods | None = None
    progress: PreparationProgress | None = None
    claims: Mapping[str, Document | None] = field(default_factory=dict)
    namesakes: Mapping[Reference, Document] = field(default_factory=dict)
    refusals: Mapping[Reference, Refusal] = field(default_factory=dict)

    @cached_property
    def resource(self) -> TransformerModel:
        """The model, parsed once; a status that this version cannot read counts as none.

        Raises:
            pydantic.ValidationError: this version cannot read its spec.
        """
        read = TransformerModel.read({**self.model, "status": None})
        return read.model_copy(update={"status": self.status_before})

    @cached_property
    def status_before(self) -> TransformerModelStatus:
        """The last reported status, as far as this version can read it."""
        try:
            return TransformerModelStatus.model_validate(self.model.get("status") or {})
        except ValidationError:
            return TransformerModelStatus()
