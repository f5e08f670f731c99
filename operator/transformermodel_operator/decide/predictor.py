"""The predictor: which InferenceService there should be, and whether it serves."""

from dataclasses import dataclass, replace
from datetime import timedelta

from transformermodel_api.model import TransformerModel
from transformermodel_api.status import Artifact, ConditionType
from transformermodel_operator.children.identity import FIELD_MANAGER
from transformermodel_operator.children.inference_service import inference_service
from transformermodel_operator.comparison import settled
from transformermodel_operator.conditions import Finding, false
from transformermodel_operator.decide.ownership import Ownership, ownership, refusal_of
from transformermodel_operator.decide.preparation_verdict import short
from transformermodel_operator.decide.rollout import observe_rollout
from transformermodel_operator.objects import INFERENCE_SERVICE, Document, Reference, is_terminating
from transformermodel_operator.reasons import Reason
from transformermodel_operator.snapshot import REFUSED_AGAIN_AFTER, Snapshot


@dataclass(frozen=True)
class PredictorVerdict:
    """What is to be done about the predictor, and what it has come to.

    Attributes:
        predictor: the condition PredictorReady.
        url: address of the model inside the cluster.
        replicas: number of replicas that are available; None while there is no Deployment.
        selector: label selector of its pods.
        stalled: only the user can help.
        apply: InferenceServices to be written.
        requeue_after: when to look again although nothing has happened.
    """

    predictor: Finding
    url: str | None = None
    replicas: int | None = None
    selector: str | None = None
    stalled: bool = False
    apply: tuple[Document, ...] = ()
    requeue_after: timedelta | None = None


def decide_predictor(model: TransformerModel, artifact: Artifact | None, snapshot: Snapshot) -> PredictorVerdict:
    """The verdict for a model and the artifact it may serve."""
    if not snapshot.kserve_installed:
        message = "KServe is not installed in this cluster: install it, and the model will be served."
        return PredictorVerdict(false(ConditionType.PredictorReady, Reason.KServeMissing, message), stalled=True)
    if artifact is None:
        waiting = false(ConditionType.PredictorReady, Reason.NothingToServe, "There is no prepared artifact yet.")
        return PredictorVerdict(waiting)
    name = Reference(INFERENCE_SERVICE, model.metadata.namespace, model.metadata.name)
    refusal = refusal_of(snapshot.service, name, model.metadata, snapshot.refusals)
    if refusal is not None:
        finding = false(ConditionType.PredictorReady, refusal.reason, refusal.message)
        return PredictorVerdict(finding, stalled=True, requeue_after=REFUSED_AGAIN_AFTER)
    return _judge(model, artifact, snapshot)


def _judge(model: TransformerModel, artifact: Artifact, snapshot: Snapshot) -> PredictorVerdict:
    wanted, service = inference_service(model, artifact, snapshot.settings), snapshot.service
    to_be_applied = _rolling(f"KServe is to serve artifact {short(artifact)}.")
    if service is None:
        return PredictorVerdict(to_be_applied, apply=(wanted,))
    if is_terminating(service) or ownership(service, model.metadata) is Ownership.Leftover:
        return PredictorVerdict(_rolling("The InferenceService of before is being removed."))
    seen = _seen(service, snapshot.deployment)
    if not settled(service, wanted, FIELD_MANAGER):
        return replace(seen, predictor=to_be_applied, apply=(wanted,))
    rollout = observe_rollout(service, snapshot.deployment, wanted)
    return replace(seen, predictor=rollout.predictor, stalled=rollout.stalled)


def _seen(service: Document, deployment: Document | None) -> PredictorVerdict:
    """What status tells of a predictor in whatever state."""
    address = service.get("status", {}).get("address") or {}
    verdict = PredictorVerdict(_rolling(""), url=address.get("url"))
    if deployment is None:
        return verdict
    labels = deployment["spec"]["selector"]["matchLabels"]
    return replace(
        verdict,
        replicas=int(deployment.get("status", {}).get("availableReplicas") or 0),
        selector=",".join(f"{name}={labels[name]}" for name in sorted(labels)),
    )


def _rolling(message: str) -> Finding:
    return false(ConditionType.PredictorReady, Reason.RollingOut, message)
