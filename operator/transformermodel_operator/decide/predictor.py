"""The predictor: which InferenceService there should be, and whether it serves."""

from dataclasses import replace
from datetime import timedelta

from transformermodel_api.model import TransformerModel
from transformermodel_api.status import ConditionType, TransformerModelStatus
from transformermodel_operator.children.identity import FIELD_MANAGER
from transformermodel_operator.children.inference_service import inference_service
from transformermodel_operator.children.revision import Failure
from transformermodel_operator.comparison import is_up_to_date
from transformermodel_operator.conditions import Finding, false
from transformermodel_operator.decide.deployment import is_asleep, selector_of
from transformermodel_operator.decide.disruption import budget_for
from transformermodel_operator.decide.ownership import Ownership, ownership, refusal_of, service_of
from transformermodel_operator.decide.predictor_verdict import PredictorVerdict
from transformermodel_operator.decide.preparation_verdict import PreparationVerdict
from transformermodel_operator.decide.revisions import (
    Plan,
    attempt_of,
    former_revisions,
    plan_revisions,
    records,
)
from transformermodel_operator.decide.rollout import LOOK_AGAIN_AFTER, Patience, Rollout, observe_rollout
from transformermodel_operator.objects import (
    CONTROLLER_REVISION,
    REQUESTED_AT_ANNOTATION,
    Reference,
    is_terminating,
)
from transformermodel_operator.pods.replica_pods import ReplicaPods
from transformermodel_operator.reasons import Reason
from transformermodel_operator.snapshot import REFUSED_AGAIN_AFTER, Refusal, Snapshot


def decide_predictor(model: TransformerModel, preparation: PreparationVerdict, snapshot: Snapshot) -> PredictorVerdict:
    """The verdict for a model, given that on its preparation."""
    if not snapshot.kserve_installed:
        message = "KServe is not installed in this cluster: install it, and the model will be served."
        return replace(_as_before(model, Refusal(Reason.KServeMissing, message), snapshot), stalled=True)
    plan = plan_revisions(model, preparation, snapshot)
    if plan is None:
        return _as_before(model, Refusal(Reason.NothingToServe, "There is no prepared artifact yet."), snapshot)
    if isinstance(plan, Refusal):
        return replace(_as_before(model, plan, snapshot), stalled=True)
    if refusal := _refusal(model, plan, snapshot):
        refused = _as_before(model, refusal, snapshot)
        return replace(refused, stalled=True, requeue_after=REFUSED_AGAIN_AFTER)
    verdict = _serve(model, plan, snapshot)
    budget = budget_for(model, snapshot)
    verdict = replace(verdict, apply=(*verdict.apply, *budget.apply), delete=(*verdict.delete, *budget.delete))
    if budget.refusal is None:
        return verdict
    told = replace(verdict.predictor, message=f"{verdict.predictor.message} {budget.refusal}")
    return replace(verdict, predictor=told, requeue_after=verdict.requeue_after or REFUSED_AGAIN_AFTER)


def _as_before(model: TransformerModel, refusal: Refusal, snapshot: Snapshot) -> PredictorVerdict:
    """Change nothing: revisions stay the same, and serving replicas remain reachable and scalable."""
    status = model.status or TransformerModelStatus()
    verdict = PredictorVerdict(
        false(ConditionType.PredictorReady, refusal.reason, refusal.message),
        current_revision=status.current_revision,
        update_revision=status.update_revision,
    )
    service = snapshot.service
    ours = service is not None and ownership(service, model.metadata) is Ownership.Ours
    return _with_what_runs(verdict, snapshot) if ours else verdict


def _refusal(model: TransformerModel, plan: Plan, snapshot: Snapshot) -> Refusal | None:
    """Why the plan must not be written: a revision that cannot be kept is not rolled out."""
    namespace = model.metadata.namespace
    kept = {document["metadata"]["name"]: document for document in snapshot.revisions}
    revision = Reference(CONTROLLER_REVISION, namespace, plan.wanted.name)
    return refusal_of(kept.get(plan.wanted.name), revision, model.metadata, snapshot.refusals) or refusal_of(
        snapshot.service, service_of(model.metadata), model.metadata, snapshot.refusals
    )


def _serve(model: TransformerModel, plan: Plan, snapshot: Snapshot) -> PredictorVerdict:
    service, wanted = snapshot.service, inference_service(model, plan.target, wake=is_asleep(snapshot.deployment))
    verdict = _seen(model, plan, snapshot)
    if leftover := _leftover(model, plan, snapshot):
        return replace(verdict, predictor=_rolling(f"{leftover} of before is being removed."), apply=(), delete=())
    if service is None or not is_up_to_date(service, wanted, FIELD_MANAGER):
        rolling = _rolling(f"KServe is to serve revision {plan.target.name}.")
        # Nobody tells where KServe has nothing to do for it, as when a change that it could not make is taken back.
        return replace(verdict, predictor=rolling, apply=(*verdict.apply, wanted), requeue_after=LOOK_AGAIN_AFTER)
    patience = Patience(
        timedelta(seconds=model.spec.rollout.progress_deadline_seconds),
        proven=plan.good is not None and plan.good.name == plan.target.name,
        now=snapshot.now,
    )
    rollout = observe_rollout(service, snapshot.deployment, wanted, snapshot.replica_pods or ReplicaPods(), patience)
    goes_back = model.spec.rollout.automatic_rollback and plan.has_way_back and not model.spec.suspend
    if rollout.failed and plan.failure is None and goes_back:
        failure = Failure(attempt_of(model), rollout.predictor.reason, rollout.predictor.message)
        return _serve(model, plan.given_up(failure), snapshot)
    return _rolled_out(verdict, rollout)


def _leftover(model: TransformerModel, plan: Plan, snapshot: Snapshot) -> Reference | None:
    """An object being deleted that has the name of one to be written."""
    named = [document for document in snapshot.revisions if document["metadata"]["name"] == plan.wanted.name]
    for document in (*named, *filter(None, (snapshot.service,))):
        if is_terminating(document) or ownership(document, model.metadata) is Ownership.Leftover:
            return Reference.to(document)
    return None


def _rolled_out(verdict: PredictorVerdict, rollout: Rollout) -> PredictorVerdict:
    return replace(
        verdict,
        predictor=rollout.predictor,
        switched_off=rollout.switched_off,
        stalled=rollout.failed,
        requeue_after=rollout.requeue_after,
    )


def _seen(model: TransformerModel, plan: Plan, snapshot: Snapshot) -> PredictorVerdict:
    """What status reports of a predictor in any state, and the revisions to write."""
    verdict = PredictorVerdict(
        _rolling(""),
        current_revision=plan.good.name if plan.good is not None else None,
        update_revision=plan.wanted.name,
        digest=plan.target.digest,
        pinned=model.spec.rollout.pinned_revision is not None,
        rolled_back=_way_back(plan),
        apply=records(model, plan, snapshot),
        delete=former_revisions(model, plan, snapshot),
    )
    return _with_what_runs(verdict, snapshot)


def _with_what_runs(verdict: PredictorVerdict, snapshot: Snapshot) -> PredictorVerdict:
    """The verdict with the address, and with the replicas that autoscalers read."""
    address = (snapshot.service or {}).get("status", {}).get("address") or {}
    verdict = replace(verdict, url=address.get("url"))
    if snapshot.deployment is None:
        return verdict
    return replace(
        verdict,
        replicas=int(snapshot.deployment.get("status", {}).get("availableReplicas") or 0),
        selector=selector_of(snapshot.deployment),
    )


def _way_back(plan: Plan) -> str | None:
    if plan.failure is None:
        return None
    return (
        f"Revision {plan.wanted.name} was given up ({plan.failure.reason}), and {plan.target.name} is served instead: "
        f"{plan.failure.message} Change spec, or give the annotation {REQUESTED_AT_ANNOTATION} another value to try "
        "it again."
    )


def _rolling(message: str) -> Finding:
    return false(ConditionType.PredictorReady, Reason.RollingOut, message)
