"""The decision: what to write, what to remove, what to report. Pure: no I/O and no clock of its own."""

from dataclasses import dataclass, replace
from datetime import timedelta

from pydantic import ValidationError

from transformermodel_api.model import TransformerModel
from transformermodel_api.status import Condition, ConditionType, TransformerModelStatus
from transformermodel_operator.conditions import Finding, false, record, true, unknown
from transformermodel_operator.decide.announcements import Event, announce
from transformermodel_operator.decide.deletion import decide_deletion, finalizer_wanted, inquire_about_deletion
from transformermodel_operator.decide.deployment import replicas_in_question
from transformermodel_operator.decide.inquiry import Inquiry, inquire_about_preparation
from transformermodel_operator.decide.predictor import decide_predictor
from transformermodel_operator.decide.predictor_verdict import PredictorVerdict
from transformermodel_operator.decide.preparation import decide_preparation
from transformermodel_operator.decide.preparation_verdict import PreparationVerdict, short_commit
from transformermodel_operator.decide.summary import summarize
from transformermodel_operator.objects import REQUESTED_AT_ANNOTATION, Document, has_finalizer, is_terminating
from transformermodel_operator.reasons import Reason
from transformermodel_operator.snapshot import Snapshot

_SUMMARY = (ConditionType.Ready, ConditionType.Reconciling, ConditionType.Stalled)


@dataclass(frozen=True)
class Decision:
    """What to do about a model.

    Attributes:
        apply: children to write by server-side apply, in this order.
        delete: children to remove, as they were observed.
        status: the status to report; None to leave it.
        events: events to record once the status is written.
        requeue_after: when to decide again even if nothing happens; None to wait for an event.
        finalizer: True adds the finalizer before everything else, False removes it after everything else.
    """

    apply: tuple[Document, ...] = ()
    delete: tuple[Document, ...] = ()
    status: TransformerModelStatus | None = None
    events: tuple[Event, ...] = ()
    requeue_after: timedelta | None = None
    finalizer: bool | None = None


def decide(snapshot: Snapshot) -> Decision:
    """Decide about a model."""
    going = is_terminating(snapshot.model)
    if going and not has_finalizer(snapshot.model):
        return Decision()  # the garbage collector removes the children
    try:
        model = snapshot.resource
    except ValidationError as error:
        return Decision(finalizer=False) if going else _invalid(snapshot, error)
    if going:
        return _deletion(model, snapshot)
    preparation = decide_preparation(model, snapshot)
    predictor = decide_predictor(model, preparation, snapshot)
    status = _status(model, preparation, predictor, snapshot)
    decision = Decision(
        apply=(*preparation.apply, *predictor.apply),
        delete=(*preparation.delete, *predictor.delete),
        status=status,
        events=(
            *announce(
                _conditions_before(model),
                status.conditions,
                {ConditionType.Prepared: preparation.log},
                _renewed(model.status or TransformerModelStatus(), status),
            ),
            *preparation.events,
        ),
        requeue_after=_earliest(preparation.requeue_after, predictor.requeue_after),
    )
    if model.spec.suspend:
        decision = replace(decision, apply=(), delete=(), requeue_after=None)
    return replace(decision, finalizer=finalizer_wanted(model, snapshot.model))


def _deletion(model: TransformerModel, snapshot: Snapshot) -> Decision:
    verdict = decide_deletion(model, snapshot)
    before = model.status or TransformerModelStatus()
    generation = model.metadata.generation
    findings = (verdict.ready, verdict.ready.repeated_as(ConditionType.Reconciling))
    ready, reconciling = record(findings, before.conditions, generation, snapshot.now)
    kept = (condition for condition in before.conditions if condition.type not in _SUMMARY)
    conditions = (ready, *kept, reconciling)
    return Decision(
        apply=verdict.apply,
        delete=verdict.delete,
        status=before.model_copy(update={"conditions": conditions, "observed_generation": generation}),
        events=(*announce(before.conditions, conditions), *verdict.events),
        requeue_after=verdict.requeue_after,
        finalizer=False if verdict.release else None,
    )


def inquire(snapshot: Snapshot) -> Inquiry:
    """What to look up before deciding, in addition to what the watches provide."""
    going = is_terminating(snapshot.model)
    if going and not has_finalizer(snapshot.model):
        return Inquiry()
    try:
        model = snapshot.resource
    except ValidationError:
        return Inquiry()
    if going:
        return inquire_about_deletion(model, snapshot)
    about_preparation = inquire_about_preparation(model, snapshot)
    return replace(about_preparation, replicas=replicas_in_question(snapshot.deployment))


def _conditions_before(model: TransformerModel) -> tuple[Condition, ...]:
    return model.status.conditions if model.status is not None else ()


def _status(
    model: TransformerModel, preparation: PreparationVerdict, predictor: PredictorVerdict, snapshot: Snapshot
) -> TransformerModelStatus:
    generation, before = model.metadata.generation, model.status or TransformerModelStatus()
    findings = summarize(model, preparation, predictor)
    return TransformerModelStatus(
        observed_generation=generation,
        conditions=record(findings, _conditions_before(model), generation, snapshot.now),
        commit=preparation.commit,
        short_commit=short_commit(preparation.commit) if preparation.commit is not None else None,
        source=preparation.tracked or before.source,
        last_handled_requested_at=_handled(model, preparation, before),
        preparation=preparation.report,
        artifact=preparation.artifact,
        current_revision=predictor.current_revision,
        update_revision=predictor.update_revision,
        url=predictor.url,
        replicas=predictor.replicas,
        selector=predictor.selector,
    )


def _renewed(before: TransformerModelStatus, after: TransformerModelStatus) -> frozenset[ConditionType]:
    """The conditions that are now about something else than before."""
    about = {
        ConditionType.Prepared: before.artifact != after.artifact,
        ConditionType.Ready: before.current_revision != after.current_revision,
    }
    return frozenset(kind for kind, is_another in about.items() if is_another)


def _handled(model: TransformerModel, preparation: PreparationVerdict, before: TransformerModelStatus) -> str | None:
    """The reconcile request that has been handled, as Flux reports it: one in progress has not."""
    requested = model.metadata.annotations.get(REQUESTED_AT_ANNOTATION)
    return requested if requested is not None and preparation.is_over else before.last_handled_requested_at


def _invalid(snapshot: Snapshot, error: ValidationError) -> Decision:
    """The object got past an older CRD."""
    metadata = snapshot.model["metadata"]
    before = snapshot.status_before
    problems = "; ".join(f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in error.errors())
    message = f"The operator cannot read this object ({problems}). Correct it, and apply the operator's CRD."
    conditions = record(_invalid_findings(message), before.conditions, metadata.get("generation"), snapshot.now)
    return Decision(
        status=before.model_copy(update={"conditions": conditions, "observed_generation": metadata.get("generation")}),
        events=announce(before.conditions, conditions),
    )


def _invalid_findings(message: str) -> tuple[Finding, ...]:
    unread = "The spec cannot be read."
    return (
        false(ConditionType.Ready, Reason.InvalidSpec, message),
        unknown(ConditionType.SourceResolved, Reason.InvalidSpec, unread),
        unknown(ConditionType.Prepared, Reason.InvalidSpec, unread),
        unknown(ConditionType.PredictorReady, Reason.InvalidSpec, unread),
        true(ConditionType.Stalled, Reason.InvalidSpec, message),
    )


def _earliest(*delays: timedelta | None) -> timedelta | None:
    return min((delay for delay in delays if delay is not None), default=None)
