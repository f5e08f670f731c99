"""The operator's settings, read from environment variables that the chart sets."""

from collections.abc import Mapping
from dataclasses import dataclass

from transformermodel_api.errors import UserError

PREFIX = "TRANSFORMERMODEL_"
_PULL_POLICIES = ("Always", "IfNotPresent", "Never")


@dataclass(frozen=True)
class Settings:
    """The operator's settings.

    Attributes:
        operator_namespace: namespace of the operator's pods and Lease.
        identity: name of this replica, which no other replica has.
        predictor_image: image of the preparation Jobs for models that name none.
        watch_namespaces: namespaces whose models are reconciled; all if empty.
        image_pull_policy: of the preparation Jobs.
        runtime: name of the ServingRuntime or ClusterServingRuntime of the InferenceServices.
        default_storage: `pvc://claim/path` or a uri in object storage, for models without a storage of their own; None
            if each model has to name one.
        default_storage_secret: name of the secret with its credentials, in each namespace of such models.
        cluster: name of this cluster in stores that several clusters share.
        hub_endpoint: url of another Hugging Face hub for the preparation Jobs.
        probe_host: address of the liveness probe's endpoint.
        probe_port: its port.
        metrics_host: address of the Prometheus endpoint.
        metrics_port: its port.
    """

    operator_namespace: str
    identity: str
    predictor_image: str
    watch_namespaces: tuple[str, ...] = ()
    image_pull_policy: str = "IfNotPresent"
    runtime: str = "transformermodel"
    default_storage: str | None = None
    default_storage_secret: str | None = None
    cluster: str = "default"
    hub_endpoint: str | None = None
    probe_host: str = "127.0.0.1"
    probe_port: int = 8080
    metrics_host: str = "127.0.0.1"
    metrics_port: int = 8081

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read the settings; an empty variable counts as absent.

        Raises:
            UserError: a required variable is absent, or one has an invalid value; the message names it.
        """
        return cls(
            operator_namespace=_required(environment, f"{PREFIX}OPERATOR_NAMESPACE", "the operator's own namespace"),
            identity=_required(environment, "POD_NAME", "a name that no other replica has"),
            predictor_image=_required(environment, f"{PREFIX}PREDICTOR_IMAGE", "the image of preparation Jobs"),
            watch_namespaces=_names(environment.get(f"{PREFIX}WATCH_NAMESPACES", "")),
            image_pull_policy=_pull_policy(environment),
            runtime=environment.get(f"{PREFIX}RUNTIME") or cls.runtime,
            default_storage=environment.get(f"{PREFIX}DEFAULT_STORAGE") or None,
            default_storage_secret=environment.get(f"{PREFIX}DEFAULT_STORAGE_SECRET") or None,
            cluster=environment.get(f"{PREFIX}CLUSTER") or cls.cluster,
            hub_endpoint=environment.get(f"{PREFIX}HUB_ENDPOINT") or None,
            probe_host=_host(environment),
            probe_port=_port(environment, "PROBE_PORT", cls.probe_port),
            metrics_host=_host(environment),
            metrics_port=_port(environment, "METRICS_PORT", cls.metrics_port),
        )


def _required(environment: Mapping[str, str], variable: str, meaning: str) -> str:
    value = environment.get(variable)
    if not value:
        raise UserError(f"environment variable {variable} is not set: it must hold {meaning}")
    return value


def _names(value: str) -> tuple[str, ...]:
    return tuple(sorted({name.strip() for name in value.split(",")} - {""}))


def _pull_policy(environment: Mapping[str, str]) -> str:
    variable = f"{PREFIX}IMAGE_PULL_POLICY"
    value = environment.get(variable) or Settings.image_pull_policy
    if value not in _PULL_POLICIES:
        raise UserError(f"environment variable {variable} is {value!r}: it must be one of {', '.join(_PULL_POLICIES)}")
    return value


def _host(environment: Mapping[str, str]) -> str:
    """All addresses in a pod, where the kubelet and Prometheus connect from outside; elsewhere loopback."""
    return "0.0.0.0" if environment.get("KUBERNETES_SERVICE_HOST") else "127.0.0.1"  # noqa: S104


def _port(environment: Mapping[str, str], name: str, default: int) -> int:
    variable = f"{PREFIX}{name}"
    value = environment.get(variable) or str(default)
    if not value.isdecimal() or not 0 < int(value) < 65536:
        raise UserError(f"environment variable {variable} is {value!r}: it must be a port from 1 to 65535")
    return int(value)
