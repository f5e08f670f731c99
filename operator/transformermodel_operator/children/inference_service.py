"""The InferenceService through which KServe serves an artifact."""

from typing import Any

from transformermodel_api import GROUP
from transformermodel_api.explanations import settings_of
from transformermodel_api.identity import fingerprint
from transformermodel_api.model import TransformerModel
from transformermodel_api.predictor import Device, Predictor
from transformermodel_api.status import Artifact
from transformermodel_operator.children.identity import metadata
from transformermodel_operator.children.storage import credentials, is_object_uri
from transformermodel_operator.objects import INFERENCE_SERVICE, Document
from transformermodel_operator.settings import Settings

MODEL_FORMAT = "transformermodel"
"""The format that our serving runtime supports."""

COMPONENT = "predictor"

REVISION_ANNOTATION = f"{GROUP}/revision"
"""Annotation of the predictor's pods: hash of what they run. KServe hands it on to the Deployment's template."""

_DEPLOYMENT_MODE, _AUTOSCALER = "serving.kserve.io/deploymentMode", "serving.kserve.io/autoscalerClass"


def inference_service(model: TransformerModel, artifact: Artifact, settings: Settings) -> dict[str, Any]:
    """The InferenceService that serves an artifact. It has the model's name, so requests name the model by it."""
    predictor = _predictor(model, artifact, settings)
    revision = fingerprint(predictor)[:12]
    return {
        "apiVersion": INFERENCE_SERVICE.api_version,
        "kind": INFERENCE_SERVICE.name,
        "metadata": {
            **metadata(model.metadata, model.metadata.name, COMPONENT),
            # KServe copies these annotations to the pods: what changes here without need would restart them.
            "annotations": {_DEPLOYMENT_MODE: "Standard", _AUTOSCALER: "none"},
        },
        "spec": {
            "predictor": {
                **predictor,
                "annotations": {REVISION_ANNOTATION: revision},
                # Not in the revision: more replicas of the same are no other revision.
                "minReplicas": model.spec.predictor.min_replicas,
            }
        },
    }


def revision_of(service: Document) -> str:
    """The revision that an InferenceService from here asks for."""
    return str(service["spec"]["predictor"]["annotations"][REVISION_ANNOTATION])


def replicas_of(service: Document) -> int:
    """The number of replicas that an InferenceService from here asks for."""
    return int(service["spec"]["predictor"]["minReplicas"])


def deployment_name(model_name: str) -> str:
    """The Deployment that KServe makes of an InferenceService (constants.PredictorServiceName)."""
    return f"{model_name}-predictor"


def _predictor(model: TransformerModel, artifact: Artifact, settings: Settings) -> dict[str, Any]:
    wanted = model.spec.predictor.model_dump(mode="json", by_alias=True, exclude_none=True)
    served: dict[str, Any] = {
        "modelFormat": {"name": MODEL_FORMAT},
        "runtime": settings.runtime,
        "protocolVersion": "v2",
        **_artifact(model, artifact),
    }
    if wanted.get("resources"):
        served["resources"] = wanted["resources"]
    if arguments := [*_artifact_arguments(artifact), *_engine_arguments(model.spec.predictor)]:
        served["args"] = arguments  # KServe appends them to those of the serving runtime
    placement = {name: wanted[name] for name in ("nodeSelector", "tolerations") if wanted.get(name)}
    return {"model": served, **placement}


def _artifact(model: TransformerModel, artifact: Artifact) -> dict[str, Any]:
    """How the predictor gets its artifact: KServe mounts claims, and the predictor itself fetches and verifies objects.

    A model without `storageUri` and `storage` is a server of many models to KServe, into whose pods it puts an agent
    (IsMMSPredictor). An empty `storage` says that it is one model, and names nothing that KServe would fetch.
    `envFrom` takes the place of the runtime's, which has none: KServe merges containers as strategic merge patches do.
    """
    if not is_object_uri(artifact.uri):
        return {"storageUri": artifact.uri}
    fetched: dict[str, Any] = {"storage": {}}
    if model.spec.storage is not None and model.spec.storage.secret_ref is not None:
        fetched["envFrom"] = credentials(model.spec.storage.secret_ref.name)
    return fetched


def _artifact_arguments(artifact: Artifact) -> list[str]:
    """What to fetch; it goes before the --model-dir of the serving runtime."""
    return [f"--model-uri={artifact.uri}"] if is_object_uri(artifact.uri) else []


def _engine_arguments(predictor: Predictor) -> list[str]:
    """What `transformermodel serve` is told beside what the serving runtime tells it; nothing that is the default."""
    batching = predictor.batching
    flags = {
        "device": None if predictor.device is Device.Auto else predictor.device.value.lower(),
        "max-batch-tokens": batching.max_tokens,
        "max-batch-size": batching.max_batch_size,
        "max-queue-size": batching.max_queue_size,
        "max-delay-milliseconds": batching.max_delay_milliseconds or None,
    }
    given = [f"--{name}={value}" for name, value in flags.items() if value is not None]
    return [*given, *(f"--explanations={setting}" for setting in settings_of(predictor.explanations))]
