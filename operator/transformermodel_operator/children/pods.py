"""The pods that serve: the part of an InferenceService's predictor that makes one revision differ from another."""

from collections.abc import Mapping
from typing import Any

from transformermodel_api.explanation_defaults import settings_of
from transformermodel_api.model import TransformerModel
from transformermodel_api.predictor import Device, HandlerWorkers, Predictor
from transformermodel_api.rollout import STARTUP_SECONDS
from transformermodel_api.spec import TransformerModelSpec
from transformermodel_api.status import Artifact
from transformermodel_operator.children.storage import credentials, is_object_uri, storage_secret
from transformermodel_operator.settings import Settings

MODEL_FORMAT = "transformermodel"
"""The format that our serving runtime supports."""

_OF_THE_POD = {
    "affinity",
    "annotations",
    "image_pull_secrets",
    "labels",
    "node_selector",
    "priority_class_name",
    "runtime_class_name",
    "service_account_name",
    "tolerations",
    "volumes",
}
_OF_THE_CONTAINER = {"env", "image", "resources", "volume_mounts"}

_LONGEST_REQUEST_SECONDS = Predictor().longest_request_seconds
_DRAINING_SECONDS = 30
"""Most that a predictor serves on before it takes no more requests (the chart allows 25), and what its end takes."""


def serving_pods(model: TransformerModel, artifact: Artifact, settings: Settings) -> dict[str, Any]:
    """What runs the artifact, as KServe's predictor has it: all but how many there are and what they are called."""
    predictor = model.spec.predictor
    served: dict[str, Any] = {
        "modelFormat": {"name": MODEL_FORMAT},
        "runtime": settings.runtime,
        "protocolVersion": "v2",
        **_artifact(model, artifact, settings),
        **_chosen(predictor, _OF_THE_CONTAINER),
    }
    if arguments := [*_artifact_arguments(artifact), *_arguments(model.spec)]:
        served["args"] = arguments  # KServe appends them to those of the serving runtime
    if model.spec.rollout.progress_deadline_seconds > STARTUP_SECONDS:
        # KServe merges it into the runtime's probe, which asks once a second.
        served["startupProbe"] = {"failureThreshold": model.spec.rollout.progress_deadline_seconds}
    return {
        "model": served,
        "terminationGracePeriodSeconds": predictor.longest_request_seconds + _DRAINING_SECONDS,
        **_chosen(predictor, _OF_THE_POD),
    }


def _chosen(predictor: Predictor, fields: set[str]) -> dict[str, Any]:
    """What the user says of these fields, as Kubernetes spells it."""
    return _without_empty(predictor.model_dump(mode="json", by_alias=True, exclude_none=True, include=fields))


def _without_empty(given: Mapping[str, Any]) -> dict[str, Any]:
    """Without objects and lists that say nothing: where server-side apply empties one, the API server finds null there.

    Items of lists stay as they are: lists are written as a whole, and an empty object in one, such as `emptyDir`, says
    something.
    """
    said = {name: _without_empty(value) if isinstance(value, Mapping) else value for name, value in given.items()}
    return {name: value for name, value in said.items() if value not in ({}, [])}


def _artifact(model: TransformerModel, artifact: Artifact, settings: Settings) -> dict[str, Any]:
    """How the predictor gets its artifact: KServe mounts claims, and the predictor itself fetches and verifies objects.

    A model without `storageUri` and `storage` is a server of many models to KServe, into whose pods it puts an agent
    (IsMMSPredictor). An empty `storage` says that it is one model, and names nothing that KServe would fetch.
    `envFrom` takes the place of the runtime's, which has none: KServe merges containers as strategic merge patches do.
    """
    if not is_object_uri(artifact.uri):
        return {"storageUri": artifact.uri}
    fetched: dict[str, Any] = {"storage": {}}
    if secrets := credentials(storage_secret(model.spec, settings)):
        fetched["envFrom"] = secrets
    return fetched


def _artifact_arguments(artifact: Artifact) -> list[str]:
    """What to fetch; it goes before the --model-dir of the serving runtime."""
    return [f"--model-uri={artifact.uri}"] if is_object_uri(artifact.uri) else []


def _arguments(spec: TransformerModelSpec) -> list[str]:
    """What `transformermodel serve` is told beside what the serving runtime tells it; nothing that is the default."""
    predictor = spec.predictor
    batching, longest = predictor.batching, predictor.longest_request_seconds
    workers = predictor.workers or HandlerWorkers()
    flags = {
        "finish-seconds": None if longest == _LONGEST_REQUEST_SECONDS else longest,
        "device": None if predictor.device is Device.Auto else predictor.device.value.lower(),
        "max-batch-tokens": batching.max_tokens,
        "max-batch-size": batching.max_batch_size,
        "max-queue-size": batching.max_queue_size,
        "max-delay-milliseconds": batching.max_delay_milliseconds or None,
        "min-workers": workers.min,
        "max-workers": workers.max,
        "response-timeout": workers.response_timeout_seconds,
        "startup-timeout": workers.startup_timeout_seconds,
    }
    given = [f"--{name}={value}" for name, value in flags.items() if value is not None]
    return [*given, *(f"--explanations={setting}" for setting in settings_of(predictor.explanations, spec.task))]
