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
"""Annotation of the predictor's pods: the revision that they run. KServe hands it on to the Deployment's template."""

_DEPLOYMENT_MODE, _AUTOSCALER = "serving.kserve.io/deploymentMode", "serving.kserve.io/autoscalerClass"
_DEFAULT_TARGET_PERCENT = 80

_STRATEGIES: dict[RolloutStrategy, dict[str, Any]] = {
    # No replica goes before another answers in its place.
    RolloutStrategy.RollingUpdate: {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxUnavailable": 0, "maxSurge": "25%"},
    },
    RolloutStrategy.Recreate: {"type": "Recreate"},
}


def inference_service(model: TransformerModel, revision: Revision, *, wake: bool = False) -> dict[str, Any]:
    """The InferenceService that serves a revision. It has the model's name, so requests name the model by it.

    Args:
        model: what is to be served, and how many times.
        revision: what its pods run.
        wake: that there is no replica. An autoscaler would leave it so: it is left out until there are some.
    """
    predictor = model.spec.predictor.model_copy(update={"max_replicas": None}) if wake else model.spec.predictor
    return {
        "apiVersion": INFERENCE_SERVICE.api_version,
        "kind": INFERENCE_SERVICE.name,
        "metadata": {
            **metadata(model.metadata, model.metadata.name, COMPONENT),
            # KServe copies these annotations to the pods: what changes here without need would restart them.
            "annotations": {
                _DEPLOYMENT_MODE: "Standard",
                _AUTOSCALER: "none" if predictor.max_replicas is None else "hpa",
            },
        },
        "spec": {
            "predictor": {
                **revision.pods,
                "annotations": {**revision.pods.get("annotations", {}), REVISION_ANNOTATION: revision.name},
                # Not in the revision: more replicas of the same are no other revision.
                **_scale(predictor),
                "deploymentStrategy": _STRATEGIES[model.spec.rollout.strategy],
            }
        },
    }


def revision_of(service: Document) -> str:
    """The revision that an InferenceService from here asks for."""
    return str(service["spec"]["predictor"]["annotations"][REVISION_ANNOTATION])


def replicas_of(service: Document) -> tuple[int, int]:
    """The least and the most replicas that an InferenceService from here asks for."""
    predictor = service["spec"]["predictor"]
    return int(predictor["minReplicas"]), int(predictor.get("maxReplicas", predictor["minReplicas"]))


def deployment_name(model_name: str) -> str:
    """The Deployment that KServe makes of an InferenceService (constants.PredictorServiceName)."""
    return f"{model_name}-predictor"


def _scale(predictor: Predictor) -> dict[str, Any]:
    """How many replicas: so many, or as many as KServe's HorizontalPodAutoscaler finds right."""
    if predictor.max_replicas is None:
        return {"minReplicas": predictor.min_replicas}
    metric = predictor.scale_metric or ScaleMetric.CPU
    return {
        "minReplicas": predictor.min_replicas,
        "maxReplicas": predictor.max_replicas,
        "scaleMetric": metric.value.lower(),
        "scaleTarget": predictor.scale_target or _DEFAULT_TARGET_PERCENT,
    }
