"""The pods that serve: the part of an InferenceService's predictor by which revisions differ."""

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
"""The model format that the chart's serving runtime supports."""

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
"""Limit on the seconds between SIGTERM and refusing new requests (25 in the chart), plus those of the process's end."""


def serving_pods(model: TransformerModel, artifact: Artifact, settings: Settings) -> dict[str, Any]:
    """KServe's predictor spec that serves the artifact, without the number of replicas and the revision's name."""
    predictor = model.spec.predictor
    served: dict[str, Any] = {
        "modelFormat": {"name": MODEL_FORMAT},
        "runtime": settings.runtime,
        "protocolVersion": "v2",
        **_artifact(model, artifact, settings),
        **_chosen(predictor, _OF_THE_CONTAINER),
    }
    if arguments := [*_artifact_arguments(artifact), *_arguments(model.spec)]:
        served["args"] = arguments  # KServe appends them to the serving runtime's
    if model.spec.rollout.progress_deadline_seconds > STARTUP_SECONDS:
        # KServe merges it into the runtime's probe, whose period is one second.
        served["startupProbe"] = {"failureThreshold": model.spec.rollout.progress_deadline_seconds}
    return {
        "model": served,
        "terminationGracePeriodSeconds": predictor.longest_request_seconds + _DRAINING_SECONDS,
        **_chosen(predictor, _OF_THE_POD),
    }


def _chosen(predictor: Predictor, fields: set[str]) -> dict[str, Any]:
    """The user's values of these fields, in camelCase, without empty ones."""
    return _without_empty(predictor.model_dump(mode="json", by_alias=True, exclude_none=True, include=fields))


def _without_empty(given: Mapping[str, Any]) -> dict[str, Any]:
    """Remove empty objects and lists: server-side apply would turn them into null, which the API server refuses.

    Items of lists stay as they are: lists are written as a whole, and an empty object in one, such as `emptyDir`, has a
    meaning.
    """
    said = {name: _without_empty(value) if isinstance(value, Mapping) else value for name, value in given.items()}
    return {name: value for name, value in said.items() if value not in ({}, [])}


def _artifact(model: TransformerModel, artifact: Artifact, settings: Settings) -> dict[str, Any]:
    """Fields that bring the artifact: KServe mounts a claim; from object storage the predictor fetches it itself.

    KServe takes a model with neither `storageUri` nor `storage` for a multi-model server and adds an agent to its pods
    (IsMMSPredictor). An empty `storage` avoids that and names nothing for KServe to fetch.
    `envFrom` replaces the runtime's list, which is empty: KServe merges containers like strategic merge patches.
    """
    if not is_object_uri(artifact.uri):
        return {"storageUri": artifact.uri}
    fetched: dict[str, Any] = {"storage": {}}
    if secrets := credentials(storage_secret(model.spec, settings)):
        fetched["envFrom"] = secrets
    return fetched


def _artifact_arguments(artifact: Artifact) -> list[str]:
    """The flag for an artifact in object storage; it takes precedence over the serving runtime's --model-dir."""
    return [f"--model-uri={artifact.uri}"] if is_object_uri(artifact.uri) else []


def _arguments(spec: TransformerModelSpec) -> list[str]:
    """Flags of `transformermodel serve` besides the serving runtime's own; those at their default are left out."""
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
