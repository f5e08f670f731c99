"""Decides which revision to serve: the one that spec results in, one that it names, or the last good one.

A revision that is given up is first marked on its ControllerRevision, so that an operator restarted in between does not
try it again. The mark holds until spec asks for something else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from transformermodel_api.identity import fingerprint
from transformermodel_api.model import TransformerModel
from transformermodel_api.status import TransformerModelStatus
from transformermodel_operator.children.identity import FIELD_MANAGER
from transformermodel_operator.children.revision import FAILED_ANNOTATION, Failure, Revision, controller_revision
from transformermodel_operator.comparison import is_up_to_date
from transformermodel_operator.decide.deployment import served_revision
from transformermodel_operator.decide.ownership import Ownership, ownership
from transformermodel_operator.decide.preparation_verdict import PreparationVerdict
from transformermodel_operator.objects import (
    REQUESTED_AT_ANNOTATION,
    Document,
    annotations,
    is_terminating,
)
from transformermodel_operator.reasons import Reason
from transformermodel_operator.snapshot import Refusal, Snapshot


@dataclass(frozen=True)
class Plan:
    """Which revision to serve, and why.

    Attributes:
        wanted: the revision that spec results in.
        good: the revision that every replica served last; None if there is none.
        failure: why `wanted` was given up in favour of `good`; None if it was not.
    """

    wanted: Revision
    good: Revision | None = None
    failure: Failure | None = None

    @property
    def target(self) -> Revision:
        """The revision to serve."""
        return self.wanted if self.failure is None or self.good is None else self.good

    @property
    def has_way_back(self) -> bool:
        """Whether there is another revision to go back to."""
        return self.good is not None and self.good.name != self.wanted.name

    def given_up(self, failure: Failure) -> "Plan":
        """The plan once the wanted revision has failed."""
        return replace(self, failure=failure)


def plan_revisions(
    model: TransformerModel, preparation: PreparationVerdict, snapshot: Snapshot
) -> Plan | Refusal | None:
    """Which revision is to be served; why none can be; None where there is nothing to serve yet."""
    kept = {document["metadata"]["name"]: document for document in _ours(model, snapshot)}
    wanted = _wanted(model, preparation, snapshot, kept)
    if not isinstance(wanted, Revision):
        return wanted
    plan = Plan(wanted, _good(model, snapshot, kept))
    if wanted.name not in kept or not plan.has_way_back or not model.spec.rollout.automatic_rollback:
        return plan
    failure = Failure.read(kept[wanted.name])
    if failure is None:
        return plan
    # While something is prepared, a wish to try again is for that, not for what spec came to before.
    listens = preparation.prepared.holds or model.spec.rollout.pinned_revision is not None
    return plan if listens and failure.attempt != attempt_of(model) else plan.given_up(failure)


def attempt_of(model: TransformerModel) -> str:
    """What has to change, besides the revision itself, for a failed revision to be retried."""
    asked = {
        "rollout": model.spec.rollout.model_dump(mode="json", by_alias=True),
        "requestedAt": model.metadata.annotations.get(REQUESTED_AT_ANNOTATION),
    }
    return fingerprint(asked)[:12]


def records(model: TransformerModel, plan: Plan, snapshot: Snapshot) -> tuple[Document, ...]:
    """The ControllerRevisions that are to be written: new ones, and those whose mark or labels are not right."""
    ours = _ours(model, snapshot)
    numbers = [int(document["revision"]) for document in snapshot.revisions]
    known = {document["metadata"]["name"] for document in ours}
    written = (
        []
        if plan.wanted.name in known
        else [controller_revision(model.metadata, plan.wanted, max(numbers, default=0) + 1)]
    )
    for document in ours:
        revision = Revision.read(document)
        failure = plan.failure if revision.name == plan.wanted.name else None
        desired = controller_revision(model.metadata, revision, int(document["revision"]), failure)
        unmarked = failure is None and FAILED_ANNOTATION in annotations(document)
        if unmarked or not is_up_to_date(document, desired, FIELD_MANAGER):
            written.append(desired)
    return tuple(written)


def former_revisions(model: TransformerModel, plan: Plan, snapshot: Snapshot) -> tuple[Document, ...]:
    """The surplus ControllerRevisions: the oldest of those that nothing refers to."""
    asked_for = {plan.wanted.name, plan.good.name if plan.good is not None else None}
    others = [document for document in _ours(model, snapshot) if document["metadata"]["name"] not in asked_for]
    others.sort(key=lambda document: int(document["revision"]), reverse=True)
    return tuple(others[model.spec.rollout.revision_history_limit :])


def _ours(model: TransformerModel, snapshot: Snapshot) -> Sequence[Document]:
    return [
        document
        for document in snapshot.revisions
        if ownership(document, model.metadata) is Ownership.Ours and not is_terminating(document)
    ]


def _wanted(
    model: TransformerModel, preparation: PreparationVerdict, snapshot: Snapshot, kept: Mapping[str, Document]
) -> Revision | Refusal | None:
    """What spec comes to. While a preparation runs, or has failed, that is what it came to before."""
    pinned = model.spec.rollout.pinned_revision
    if pinned is not None:
        return Revision.read(kept[pinned]) if pinned in kept else _unknown(pinned, kept)
    status = model.status or TransformerModelStatus()
    before = kept.get(status.update_revision or "")
    if not preparation.prepared.holds and before is not None:
        return Revision.read(before)
    if preparation.artifact is None:
        return None
    return Revision.of(model, preparation.artifact, snapshot.settings)


def _unknown(pinned: str, kept: Mapping[str, Document]) -> Refusal:
    names = ", ".join(sorted(kept, key=lambda name: int(kept[name]["revision"]), reverse=True)) or "none"
    message = (
        f"There is no revision {pinned}, which spec.rollout.pinnedRevision names. There are: {names}. "
        "Name one of them, or remove the field."
    )
    return Refusal(Reason.RevisionUnknown, message)


def _good(model: TransformerModel, snapshot: Snapshot, kept: Mapping[str, Document]) -> Revision | None:
    """The revision that every replica serves now, or the one that was the last to."""
    served = served_revision(snapshot.deployment)
    recorded = model.status.current_revision if model.status is not None else None
    name = next((name for name in (served, recorded) if name in kept), None)
    return None if name is None else Revision.read(kept[name])
