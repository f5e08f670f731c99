"""Observes whether every replica serves the target revision, and whether it ever will.

KServe's Ready is not enough: it stays True during a rollout and right after an edit, and its observedGeneration counts
the Deployment's generations. The Deployment itself shows the state, and the pods show why.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from transformermodel_api.status import ConditionType
from transformermodel_operator.children.identity import FIELD_MANAGER
from transformermodel_operator.children.inference_service import replicas_of, revision_of
from transformermodel_operator.conditions import Finding, false, true
from transformermodel_operator.decide.deployment import (
    COMPLETE,
    counts,
    deployed_revision,
    is_observed,
    refusal_of_pods,
    replicas_wanted,
    serving,
    without_progress,
)
from transformermodel_operator.decide.kserve import failure_of, is_invalid, objection, with_objection
from transformermodel_operator.objects import Document, applied_at, condition, holds
from transformermodel_operator.pods.replica_pods import ReplicaPods
from transformermodel_operator.reasons import Reason

LOOK_AGAIN_AFTER = timedelta(seconds=15)
"""How often to inspect the pods of a revision that is being rolled out."""


@dataclass(frozen=True)
class Rollout:
    """How far a rollout is.

    Attributes:
        predictor: the condition PredictorReady.
        failed: it will not progress by itself.
        switched_off: no replica is wanted, and none exists.
        requeue_after: when to look again even if nothing happens.
    """

    predictor: Finding
    failed: bool = False
    switched_off: bool = False
    requeue_after: timedelta | None = None


@dataclass(frozen=True)
class Patience:
    """How long a rollout may take.

    Attributes:
        deadline: time without progress after which it has failed.
        proven: the revision has served before, so replicas that fail now are not a failed rollout.
        now: the current time, with its zone.
    """

    deadline: timedelta
    proven: bool
    now: datetime


def observe_rollout(
    service: Document, deployment: Document | None, wanted: Document, pods: ReplicaPods, patience: Patience
) -> Rollout:
    """How far what is wanted is rolled out.

    Args:
        service: the InferenceService as it is, in agreement with what is wanted.
        deployment: the Deployment that KServe makes of it, sooner or later.
        wanted: the InferenceService that was applied; it says which revision and how many replicas.
        pods: what the pods of the Deployment's revision say.
        patience: how long it may take.
    """
    if deployment is None or deployed_revision(deployment) != revision_of(wanted):
        return _wait_for_kserve(service, deployment, patience)
    least, most = replicas_of(wanted)
    if not least <= replicas_wanted(deployment) <= most:
        return Rollout(_rolling(with_objection("The Deployment has not got the new number of replicas yet.", service)))
    if least < most and patience.proven and pods.crashes is None and _suffices(deployment, least):
        return Rollout(_serves_on(service, deployment, pods))
    if not is_observed(deployment):
        return Rollout(_rolling("The Deployment has not been acted on yet."))
    if replicas_wanted(deployment) == 0 == counts(deployment)[0]:
        message = "The model is switched off: spec.predictor.minReplicas is 0."
        return Rollout(false(ConditionType.PredictorReady, Reason.ScaledToZero, message), switched_off=True)
    return _observe_replicas(service, deployment, pods, patience)


def _wait_for_kserve(service: Document, deployment: Document | None, patience: Patience) -> Rollout:
    """The Deployment is not as KServe should make it. Why, KServe does not say where the API server refuses it."""
    failure = failure_of(service)
    if failure is not None and (deployment is None or is_invalid(service)):
        return Rollout(failure, failed=is_invalid(service))
    what = "made the Deployment" if deployment is None else "given the Deployment the new revision"
    left = patience.deadline - (patience.now - applied_at(service, FIELD_MANAGER, patience.now))
    if left > timedelta(0) or patience.proven:
        waiting = _rolling(with_objection(f"KServe has not {what} yet.", service))
        return Rollout(waiting, requeue_after=left if left > timedelta(0) else None)
    message = with_objection(f"KServe has not {what} in time; the events of the InferenceService say why.", service)
    return Rollout(false(ConditionType.PredictorReady, Reason.ProgressDeadlineExceeded, message), failed=True)


def _observe_replicas(service: Document, deployment: Document, pods: ReplicaPods, patience: Patience) -> Rollout:
    failure, replicas = failure_of(service), replicas_wanted(deployment)
    total, updated, available = counts(deployment)
    counted = _counted(deployment)
    if updated == replicas == available and total == updated:
        return Rollout(_kserve_agrees(service, counted))
    if pods.crashes is not None:
        finding = false(ConditionType.PredictorReady, Reason.CrashLooping, f"{counted}. {pods.crashes}")
        return Rollout(finding, failed=not patience.proven)
    words = pods.obstacle or refusal_of_pods(deployment) or (failure.message if failure is not None else "")
    progress = condition(deployment, "Progressing") or {}
    complete = progress.get("reason") == COMPLETE
    if complete and updated == replicas == total:
        if pods.starting and failure is None:
            return Rollout(_rolling(f"{counted}; the others are starting."), requeue_after=LOOK_AGAIN_AFTER)
        message = f"{available} of {replicas} replicas are available. {words}".strip()
        return Rollout(false(ConditionType.PredictorReady, Reason.ReplicasUnavailable, message))
    left = patience.deadline - without_progress(deployment, patience.now)
    exceeded = progress.get("status") == "False"
    # Where an earlier revision comes back, the time may still be that of the one that it comes back for.
    if not complete and (exceeded if patience.proven else left <= timedelta(0)):
        told = progress.get("message", "") if exceeded else ""
        message = f"{counted}, and there is no progress. {words or told}".strip()
        return Rollout(false(ConditionType.PredictorReady, Reason.ProgressDeadlineExceeded, message), failed=True)
    finding = failure if failure is not None else _rolling(f"{counted}. {words}".strip())
    return Rollout(finding, requeue_after=min(left, LOOK_AGAIN_AFTER) if left > timedelta(0) else LOOK_AGAIN_AFTER)


def _kserve_agrees(service: Document, counted: str) -> Finding:
    if holds(service, "Ready"):
        return true(ConditionType.PredictorReady, Reason.Serving, f"{counted}.")
    if objection(service).get("type") == "PredictorReady":  # which mirrors the Deployment, a moment later
        return _rolling(f"{counted}, and KServe has not noticed yet.")
    message = with_objection("KServe does not call the InferenceService ready.", service)
    return false(ConditionType.PredictorReady, Reason.KServeNotReady, message)


def _suffices(deployment: Document, least: int) -> bool:
    """Whether as many replicas as spec wants at least serve, all of one template, however many an autoscaler wants."""
    total, updated, available = counts(deployment)
    complete = (condition(deployment, "Progressing") or {}).get("reason") == COMPLETE
    return complete and total == updated and available >= least


def _serves_on(service: Document, deployment: Document, pods: ReplicaPods) -> Finding:
    """KServe calls it not ready while replicas come: it repeats the Deployment, which wants all of them."""
    counted = _counted(deployment)
    if objection(service).get("type", "PredictorReady") != "PredictorReady":
        return _kserve_agrees(service, counted)
    return true(ConditionType.PredictorReady, Reason.Serving, f"{counted}. {pods.obstacle or ''}".strip())


def _counted(deployment: Document) -> str:
    """How many replicas serve, for people."""
    wanted, revision = replicas_wanted(deployment), deployed_revision(deployment)
    return f"{serving(deployment)} of {wanted} replicas serve revision {revision}"


def _rolling(message: str) -> Finding:
    return false(ConditionType.PredictorReady, Reason.RollingOut, message)
