"""Whether the wanted revision is served by every replica.

KServe's Ready is not enough: it stays True during a rollout and right after an edit, and its observedGeneration counts
the Deployment's generations. The Deployment itself tells.
"""

from dataclasses import dataclass

from transformermodel_api.status import ConditionType
from transformermodel_operator.children.inference_service import REVISION_ANNOTATION, replicas_of, revision_of
from transformermodel_operator.conditions import Finding, false, true
from transformermodel_operator.objects import Document, condition, holds
from transformermodel_operator.reasons import Reason


@dataclass(frozen=True)
class Rollout:
    """How far a rollout is; `stalled` when only the user can help."""

    predictor: Finding
    stalled: bool = False


def observe_rollout(service: Document, deployment: Document | None, wanted: Document) -> Rollout:
    """How far what is wanted is rolled out.

    Args:
        service: the InferenceService as it is, in agreement with what is wanted.
        deployment: the Deployment that KServe makes of it, sooner or later.
        wanted: the InferenceService that was applied; it says which revision and how many replicas.
    """
    failure = _failure(service)
    if deployment is None:
        if failure is not None:
            return Rollout(failure, stalled=_is_invalid(service))
        return Rollout(_rolling(_with_objection("KServe has not made the Deployment yet.", service)))
    if _revision(deployment) != revision_of(wanted):
        if _is_invalid(service) and failure is not None:
            return Rollout(failure, stalled=True)
        return Rollout(_rolling(_with_objection("The Deployment has not got the new revision yet.", service)))
    if deployment["spec"].get("replicas", 1) != replicas_of(wanted):
        return Rollout(_rolling(_with_objection("The Deployment has not got the new number of replicas yet.", service)))
    if deployment.get("status", {}).get("observedGeneration", 0) < deployment["metadata"]["generation"]:
        return Rollout(_rolling("The Deployment has not been acted on yet."))
    return _observe_replicas(service, deployment, failure)


def _observe_replicas(service: Document, deployment: Document, failure: Finding | None) -> Rollout:
    status, replicas = deployment.get("status", {}), deployment["spec"].get("replicas", 1)
    total, updated, available = (int(status.get(name) or 0) for name in _COUNTS)
    progress = condition(deployment, "Progressing") or {}
    counts = f"{min(updated, available)} of {replicas} replicas serve the wanted revision"
    if updated == replicas == available and total == updated:
        return Rollout(_kserve_agrees(service, counts))
    if progress.get("reason") == Reason.ProgressDeadlineExceeded:
        words = failure.message if failure is not None else progress.get("message", "")
        message = f"{counts}, and there is no progress. {words}".strip()
        return Rollout(false(ConditionType.PredictorReady, Reason.ProgressDeadlineExceeded, message), stalled=True)
    if failure is not None:
        return Rollout(failure)
    if progress.get("reason") == "NewReplicaSetAvailable" and updated == replicas == total:
        message = f"{available} of {replicas} replicas are available."
        return Rollout(false(ConditionType.PredictorReady, Reason.ReplicasUnavailable, message))
    return Rollout(_rolling(f"{counts}."))


_COUNTS = ("replicas", "updatedReplicas", "availableReplicas")


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


def _revision(deployment: Document) -> str | None:
    template = deployment["spec"]["template"].get("metadata") or {}
    found: str | None = (template.get("annotations") or {}).get(REVISION_ANNOTATION)
    return found
