"""All that a decision is made from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from pydantic import ValidationError

from transformermodel_api.contract import PreparationProgress
from transformermodel_api.model import TransformerModel
from transformermodel_api.status import TransformerModelStatus
from transformermodel_operator.objects import Document, Reference
from transformermodel_operator.pods.attempt import Attempt
from transformermodel_operator.pods.replicas import Trouble
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
    """A model and what is around it, at one moment.

    Attributes:
        model: the TransformerModel as the API server has it.
        jobs: the Jobs that carry its label.
        service: the InferenceService of its name, if it carries its label or somebody has looked for it.
        deployment: the Deployment that KServe made of it.
        revisions: the ControllerRevisions that carry its label.
        budget: the PodDisruptionBudget of its predictor.
        trouble: what keeps the predictor's pods from serving; None where nobody has looked.
        kserve_installed: whether the API server knows InferenceServices.
        attempt: what the pods of the wanted Job say; None where nobody has looked.
        progress: how far the wanted Job is, as its log says; None while nobody knows.
        claims: PersistentVolumeClaims that somebody has looked for, by name; None for one that is not there.
        refusals: objects that were found to be somebody else's, or that the API server refuses.
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
    trouble: Trouble | None = None
    attempt: Attempt | None = None
    progress: PreparationProgress | None = None
    claims: Mapping[str, Document | None] = field(default_factory=dict)
    refusals: Mapping[Reference, Refusal] = field(default_factory=dict)

    @cached_property
    def resource(self) -> TransformerModel:
        """The model, read once; a status that this version cannot read is as good as none.

        Raises:
            pydantic.ValidationError: this version cannot read its spec.
        """
        read = TransformerModel.read({**self.model, "status": None})
        return read.model_copy(update={"status": self.status_before})

    @cached_property
    def status_before(self) -> TransformerModelStatus:
        """What was last reported, as far as this version can read it."""
        try:
            return TransformerModelStatus.model_validate(self.model.get("status") or {})
        except ValidationError:
            return TransformerModelStatus()
