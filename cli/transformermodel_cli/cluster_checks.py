"""The checks of `transformermodel doctor` in the current cluster: our resource, KServe and storage."""

from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from transformermodel_api import GROUP, PLURAL
from transformermodel_api.contract import PreparationRequest
from transformermodel_api.model import TransformerModel
from transformermodel_cli.check import Check, Finding, ok, skipped
from transformermodel_operator.children.claims import SourceClaims

_TIMEOUT_SECONDS = 5
_NOT_FOUND, _NO_ACCESS = 404, (401, 403)
_DEFINITIONS = {
    f"{PLURAL}.{GROUP}": "Install the chart, or `transformermodel crds | kubectl apply -f -`.",
    "inferenceservices.serving.kserve.io": "Install KServe 0.20 or later in Standard mode.",
}
_USER_S_FAULT = 2
_NO_KUBECONFIG = "No configuration found"
"""Part of the client's message for a missing file, which it calls invalid first."""


def cluster_checks(model: TransformerModel) -> Iterator[Check]:
    """Check the cluster of the current kubeconfig context; read-only."""
    if find_spec("kubernetes") is None:
        yield skipped("cluster", "the package kubernetes is not installed (pip install transformermodel[operator])")
        return
    client, config = (import_module(f"kubernetes.{name}") for name in ("client", "config"))
    try:
        config.load_kube_config()
    except config.ConfigException as error:
        why = "there is no kubeconfig" if _NO_KUBECONFIG in str(error) else str(error)
        yield skipped("cluster", f"there is no current cluster ({why})")
        return
    with client.ApiClient() as connection:
        try:
            version = client.VersionApi(connection).get_code(_request_timeout=_TIMEOUT_SECONDS).git_version
        except Exception as error:  # noqa: BLE001 - urllib3 and the client fail in many ways, all of them mean this
            yield skipped("cluster", f"the current cluster does not answer ({type(error).__name__})")
            return
        yield ok("cluster", f"Kubernetes {version} answers")
        yield from _definitions(client, connection)
        yield _storage(client, connection, model)
        yield from _sources(client, connection, model)


def _definitions(client: Any, connection: Any) -> Iterator[Check]:  # noqa: ANN401 - the client has no types
    api = client.ApiextensionsV1Api(connection)
    for name, remedy in _DEFINITIONS.items():
        found = _read(client, lambda name=name: api.read_custom_resource_definition(name, **_timeout()))
        yield _check(name, found, f"{name} is installed", f"{name} is not installed", remedy)


def _storage(client: Any, connection: Any, model: TransformerModel) -> Check:  # noqa: ANN401
    """Check the claim in spec.storage; other kinds of storage are known only in the cluster."""
    storage = model.spec.storage
    if storage is None:
        return skipped("storage", "spec.storage.uri is not set: artifacts go where the chart's defaultStorageUri says")
    scheme, _, place = storage.uri.partition("://")
    if scheme != "pvc":
        return skipped("storage", f"{storage.uri} is reached with the secret in the cluster, which is not read here")
    return _claim(client, connection, model, "storage", place.partition("/")[0])


def _sources(client: Any, connection: Any, model: TransformerModel) -> Iterator[Check]:  # noqa: ANN401
    """Check the claims that checkpoint, adapter and samples are read from: the Job mounts them."""
    for claim in SourceClaims.of(PreparationRequest.of(model.spec)).names:
        yield _claim(client, connection, model, f"claim {claim}", claim)


def _claim(client: Any, connection: Any, model: TransformerModel, check: str, claim: str) -> Check:  # noqa: ANN401
    namespace, api = model.metadata.namespace or "default", client.CoreV1Api(connection)
    there = _read(client, lambda: api.read_namespaced_persistent_volume_claim(claim, namespace, **_timeout()))
    name = f"PersistentVolumeClaim {namespace}/{claim}"
    return _check(check, there, f"{name} is there", f"{name} is not there", f"Create the claim {claim}.")


def _read(client: Any, ask: Any) -> Any:  # noqa: ANN401
    """Read an object; returns 404, 401 or 403 if it is absent or not readable."""
    try:
        return ask()
    except client.ApiException as error:
        if error.status == _NOT_FOUND or error.status in _NO_ACCESS:
            return error.status
        raise


def _check(name: str, found: Any, there: str, absent: str, remedy: str) -> Check:  # noqa: ANN401
    if found in _NO_ACCESS:
        return skipped(name, "the current user may not see it")
    if found == _NOT_FOUND:
        return Check(name, Finding.failed, f"{absent}.", remedy=remedy, exit_status=_USER_S_FAULT)
    return ok(name, there)


def _timeout() -> dict[str, int]:
    return {"_request_timeout": _TIMEOUT_SECONDS}
