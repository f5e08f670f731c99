"""The InferenceService that serves a model."""

from typing import Any

from transformermodel_api import GROUP
from transformermodel_api.model import TransformerModel
from transformermodel_api.predictor import Predictor, ScaleMetric
from transformermodel_api.rollout import RolloutStrategy
from transformermodel_operator.children.identity import metadata
from transformermodel_operator.children.revision import Revision
from transformermodel_operator.objects import INFERENCE_SERVICE, Document

COMPONENT = "predictor"

REVISION_ANNOTATION = f"{GROUP}/revision"
"""Annotation of the predictor's pods: the revision that they run. KServe copies it to the Deployment's template."""

_DEPLOYMENT_MODE, _AUTOSCALER = "serving.kserve.io/deploymentMode", "serving.kserve.io/autoscalerClass"
_DEFAULT_TARGET_PERCENT = 80

_STRATEGIES: dict[RolloutStrategy, dict[str, Any]] = {
    # No replica is removed before its replacement is ready.
    RolloutStrategy.RollingUpdate: {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxUnavailable": 0, "maxSurge": "25%"},
    },
    RolloutStrategy.Recreate: {"type": "Recreate"},
}


def inference_service(model: TransformerModel, revision: Revision, *, wake: bool = False) -> dict[str, Any]:
    """The InferenceService that serves a revision. It has the model's name, which is the name in requests.

    Args:
        model: the model; its spec gives the number of replicas and the rollout strategy.
        revision: what the pods run.
        wake: True to start from no replica: the autoscaler is left out until there is one, because a
            HorizontalPodAutoscaler never scales up from 0.
    """
    predictor = model.spec.predictor.model_copy(update={"max_replicas": None}) if wake else model.spec.predictor
    return {
        "apiVersion": INFERENCE_SERVICE.api_version,
        "kind": INFERENCE_SERVICE.name,
        "metadata": {
            **metadata(model.metadata, model.metadata.name, COMPONENT),
            # KServe copies these annotations to the pods, so a needless change here would restart them.
            "annotations": {
                _DEPLOYMENT_MODE: "Standard",
                _AUTOSCALER: "none" if predictor.max_replicas is None else "hpa",
            },
        },
        "spec": {
            "predictor": {
                **revision.pods,
                "annotations": {**revision.pods.get("annotations", {}), REVISION_ANNOTATION: revision.name},
                # Not part of the revision: scaling does not make a new one.
                **_scale(predictor),
                "deploymentStrategy": _STRATEGIES[model.spec.rollout.strategy],
            }
        },
    }


def revision_of(service: Document) -> str:
    """The name of the revision that an InferenceService of the operator asks for."""
    return str(service["spec"]["predictor"]["annotations"][REVISION_ANNOTATION])


def replicas_of(service: Document) -> tuple[int, int]:
    """The minimum and maximum number of replicas that an InferenceService of the operator asks for."""
    predictor = service["spec"]["predictor"]
    return int(predictor["minReplicas"]), int(predictor.get("maxReplicas", predictor["minReplicas"]))


def deployment_name(model_name: str) -> str:
    """The name of the Deployment that KServe creates for an InferenceService (constants.PredictorServiceName)."""
    return f"{model_name}-predictor"


def _scale(predictor: Predictor) -> dict[str, Any]:
    """The fields for the number of replicas: a fixed one, or the bounds and target of KServe's autoscaler."""
    if predictor.max_replicas is None:
        return {"minReplicas": predictor.min_replicas}
    metric = predictor.scale_metric or ScaleMetric.CPU
    return {
        "minReplicas": predictor.min_replicas,
        "maxReplicas": predictor.max_replicas,
        "scaleMetric": metric.value.lower(),
        "scaleTarget": predictor.scale_target or _DEFAULT_TARGET_PERCENT,
    }
