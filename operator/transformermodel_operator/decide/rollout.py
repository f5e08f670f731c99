"""Whether the revision that is to be served is served by every replica, and whether it ever will be.

KServe's Ready is not enough: it stays True during a rollout and right after an edit, and its observedGeneration counts
the Deployment's generations. The Deployment itself tells, and the pods say why.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from transformermodel_api.status import ConditionType
from transformermodel_operator.children.inference_service import REVISION_ANNOTATION, replicas_of, revision_of
from transformermodel_operator.conditions import Finding, false, true
from transformermodel_operator.objects import Document, condition, holds
from transformermodel_operator.reasons import Reason
from transformermodel_operator.replicas import Trouble

LOOK_AGAIN_AFTER = timedelta(seconds=15)
"""How often the pods of a revision that is on its way are asked how they are."""

_COUNTS = ("replicas", "updatedReplicas", "availableReplicas")
_COMPLETE, _EXCEEDED = "NewReplicaSetAvailable", "ProgressDeadlineExceeded"


@dataclass(frozen=True)
class Rollout:
    """How far a rollout is.

    Attributes:
        predictor: the condition PredictorReady.
        failed: it does not come further by itself.
        switched_off: no replica is wanted, and none is there.
        requeue_after: when to look again although nothing has happened.
    """

    predictor: Finding
    failed: bool = False
    switched_off: bool = False
    requeue_after: timedelta | None = None


@dataclass(frozen=True)
class Patience:
    """How long a rollout may take.

    Attributes:
        deadline: after how long without progress it has failed.
        proven: the revision has served before: replicas that fail now are no failed rollout.
        now: the time, with its zone.
    """

    deadline: timedelta
    proven: bool
    now: datetime


def served_revision(deployment: Document | None) -> str | None:
    """The revision that every replica of a Deployment serves; None where there is none, or no replica."""
    if deployment is None or not _is_observed(deployment):
        return None
    replicas = deployment["spec"].get("replicas", 1)
    return deployed_revision(deployment) if replicas and _counts(deployment) == (replicas,) * 3 else None


def replicas_in_question(deployment: Document | None) -> str | None:
    """Label selector of the pods that have to be asked; None while all that are wanted serve."""
    if deployment is None or not _is_observed(deployment):
        return None
    _, updated, available = _counts(deployment)
    serving = min(updated, available) >= int(deployment["spec"].get("replicas", 1))
    return None if serving else selector_of(deployment)


def selector_of(deployment: Document) -> str:
    """The label selector of a Deployment's pods, as an API server reads it."""
    labels = deployment["spec"]["selector"]["matchLabels"]
    return ",".join(f"{name}={labels[name]}" for name in sorted(labels))


def deployed_revision(deployment: Document | None) -> str | None:
    """The revision in a Deployment's template."""
    if deployment is None:
        return None
    template = deployment["spec"]["template"].get("metadata") or {}
    found: str | None = (template.get("annotations") or {}).get(REVISION_ANNOTATION)
    return found


def observe_rollout(
    service: Document, deployment: Document | None, wanted: Document, trouble: Trouble, patience: Patience
) -> Rollout:
    """How far what is wanted is rolled out.

    Args:
        service: the InferenceService as it is, in agreement with what is wanted.
        deployment: the Deployment that KServe makes of it, sooner or later.
        wanted: the InferenceService that was applied; it says which revision and how many replicas.
        trouble: what the pods of the Deployment's revision say.
        patience: how long it may take.
    """
    failure = _failure(service)
    if deployment is None:
        if failure is not None:
            return Rollout(failure, failed=_is_invalid(service))
        return Rollout(_rolling(_with_objection("KServe has not made the Deployment yet.", service)))
    if deployed_revision(deployment) != revision_of(wanted):
        if _is_invalid(service) and failure is not None:
            return Rollout(failure, failed=True)
        return Rollout(_rolling(_with_objection("The Deployment has not got the new revision yet.", service)))
    least, most = replicas_of(wanted)
    if not least <= deployment["spec"].get("replicas", 1) <= most:
        return Rollout(_rolling(_with_objection("The Deployment has not got the new number of replicas yet.", service)))
    if not _is_observed(deployment):
        return Rollout(_rolling("The Deployment has not been acted on yet."))
    return _observe_replicas(service, deployment, failure, trouble, patience)


def _observe_replicas(
    service: Document, deployment: Document, failure: Finding | None, trouble: Trouble, patience: Patience
) -> Rollout:
    replicas = int(deployment["spec"].get("replicas", 1))
    total, updated, available = _counts(deployment)
    counts = f"{min(updated, available)} of {replicas} replicas serve revision {deployed_revision(deployment)}"
    if replicas == 0 and total == 0:
        message = "The model is switched off: spec.predictor.minReplicas is 0."
        return Rollout(false(ConditionType.PredictorReady, Reason.ScaledToZero, message), switched_off=True)
    if updated == replicas == available and total == updated:
        return Rollout(_kserve_agrees(service, counts))
    if trouble.crashes is not None:
        finding = false(ConditionType.PredictorReady, Reason.CrashLooping, f"{counts}. {trouble.crashes}")
        return Rollout(finding, failed=not patience.proven)
    progress = condition(deployment, "Progressing") or {}
    words = trouble.obstacle or (failure.message if failure is not None else "")
    if progress.get("reason") == _COMPLETE and updated == replicas == total:
        message = f"{available} of {replicas} replicas are available. {words}".strip()
        return Rollout(false(ConditionType.PredictorReady, Reason.ReplicasUnavailable, message))
    left = patience.deadline - _without_progress(progress, deployment, patience)
    if progress.get("reason") != _COMPLETE and left <= timedelta(0):
        message = f"{counts}, and there is no progress. {words or progress.get('message', '')}".strip()
        return Rollout(false(ConditionType.PredictorReady, Reason.ProgressDeadlineExceeded, message), failed=True)
    finding = failure if failure is not None else _rolling(f"{counts}. {words}".strip())
    return Rollout(finding, requeue_after=min(left, LOOK_AGAIN_AFTER) if left > timedelta(0) else LOOK_AGAIN_AFTER)


def _without_progress(progress: Document, deployment: Document, patience: Patience) -> timedelta:
    """How long nothing has come further. The Deployment has a deadline of its own, which KServe does not let us set."""
    since = progress.get("lastUpdateTime")
    waited = patience.now - datetime.fromisoformat(since) if since else timedelta(0)
    if progress.get("reason") == _EXCEEDED:
        waited += timedelta(seconds=int(deployment["spec"].get("progressDeadlineSeconds", 600)))
    return waited


def _is_observed(deployment: Document) -> bool:
    observed: int = deployment.get("status", {}).get("observedGeneration", 0)
    return observed >= int(deployment["metadata"]["generation"])


def _counts(deployment: Document) -> tuple[int, ...]:
    status = deployment.get("status", {})
    return tuple(int(status.get(name) or 0) for name in _COUNTS)


def _kserve_agrees(service: Document, counts: str) -> Finding:
    if holds(service, "Ready"):
        return true(ConditionType.PredictorReady, Reason.Serving, f"{counts}.")
    message = _with_objection("KServe does not call the InferenceService ready.", service)
    return false(ConditionType.PredictorReady, Reason.KServeNotReady, message)


def _with_objection(message: str, service: Document) -> str:
    """The message, and what KServe says of the first of its conditions that does not hold."""
    conditions = service.get("status", {}).get("conditions") or ()
    unmet: Document = next(
        (
            found
            for found in conditions
            if found["status"] != "True" and found["type"] not in ("Ready", "Stopped") and found.get("reason")
        ),
        {},
    )
    words = ": ".join(unmet[name] for name in ("type", "reason", "message") if unmet.get(name))
    return f"{message} {words}".strip()


def _rolling(message: str) -> Finding:
    return false(ConditionType.PredictorReady, Reason.RollingOut, message)


def _failure(service: Document) -> Finding | None:
    """What KServe knows of a failure, while it holds: the record of the last one stays in status for ever."""
    model = service.get("status", {}).get("modelStatus") or {}
    last = model.get("lastFailureInfo") or {}
    if model.get("transitionStatus") not in ("BlockedByFailedLoad", "InvalidSpec") or not last.get("reason"):
        return None
    message = last.get("message") or "KServe tells no more; look at the predictor's pods."
    return false(ConditionType.PredictorReady, Reason.of_kserve(last["reason"]), message)


def _is_invalid(service: Document) -> bool:
    return (service.get("status", {}).get("modelStatus") or {}).get("transitionStatus") == "InvalidSpec"
