"""KServe's controller with its resources, configuration and webhooks, in Standard mode without an ingress."""

import base64
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cluster.node.certificates import Authority
from tests.cluster.node.containerd import PREDICTOR_IMAGE
from tests.cluster.node.machine import Machine
from tests.cluster.node.processes import Component
from tests.cluster.node.run import PROGRAMS

NAMESPACE = "kserve"
GROUP = "serving.kserve.io"
RESOURCES = (
    "clusterservingruntimes",
    "clusterstoragecontainers",
    "inferencegraphs",
    "inferenceservices",
    "servingruntimes",
    "trainedmodels",
)
"""What the controller cannot start without."""
_REGISTRATION = "admissionregistration.k8s.io/v1"
_HEALTH = "127.0.0.1:8081"

# Parsed by the controller even where nothing uses them.
_UNUSED_SIDECAR = {
    "image": "none",
    "memoryRequest": "100Mi",
    "memoryLimit": "1Gi",
    "cpuRequest": "100m",
    "cpuLimit": "1",
}

_CONFIGURATION: dict[str, object] = {
    "deploy": {"defaultDeploymentMode": "Standard"},
    "ingress": {
        "disableIngressCreation": True,
        "disableIstioVirtualHost": True,  # else every InferenceService gets a warning that Istio is missing
        "ingressGateway": "knative-serving/knative-ingress-gateway",
        "ingressDomain": "example.com",
        "domainTemplate": "{{ .Name }}-{{ .Namespace }}.{{ .IngressDomain }}",
        "urlScheme": "http",
    },
    "storageInitializer": {
        "image": PREDICTOR_IMAGE,
        "memoryRequest": "100Mi",
        "memoryLimit": "1Gi",
        "cpuRequest": "10m",
        "cpuLimit": "1",
        "enableDirectPvcVolumeMount": True,
    },
    "credentials": {
        "storageSpecSecretName": "storage-config",
        "storageSecretNameAnnotation": "serving.kserve.io/storageSecretName",
    },
    "logger": {**_UNUSED_SIDECAR, "defaultUrl": "http://default-broker"},
    "batcher": _UNUSED_SIDECAR,
    "agent": _UNUSED_SIDECAR,
    "router": _UNUSED_SIDECAR,
    "metricsAggregator": {"enableMetricAggregation": "false", "enablePrometheusScraping": "false"},
    "localModel": {"enabled": False},
    "security": {"autoMountServiceAccountToken": False},
    "inferenceService": {
        "resource": {"cpuLimit": "1", "memoryLimit": "2Gi", "cpuRequest": "100m", "memoryRequest": "256Mi"}
    },
    "explainers": {},
}


@dataclass(frozen=True)
class _Webhooks:
    """Where the API server reaches the controller: beside it on the node, not through a Service."""

    url: str
    authority: str

    def entry(self, role: str, path: str, rule: dict[str, list[str]], **options: object) -> dict[str, object]:
        """One webhook of a configuration."""
        return {
            "name": f"{path.rpartition('-')[2]}.kserve-webhook-server.{role}",
            "admissionReviewVersions": ["v1", "v1beta1"],
            "sideEffects": "None",
            "failurePolicy": "Fail",
            "clientConfig": {"url": f"{self.url}/{path}", "caBundle": self.authority},
            "rules": [rule],
            **options,
        }

    def configurations(self) -> list[dict[str, object]]:
        """What KServe's own manifests register, but for resources that no test uses."""
        name = {"name": f"inferenceservice.{GROUP}"}
        of_services = {"matchExpressions": [{"key": f"{GROUP}/inferenceservice", "operator": "Exists"}]}
        pods = {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE"]}
        services = _rule("v1beta1", "inferenceservices")
        mutating = [
            self.entry("defaulter", "mutate-serving-kserve-io-v1beta1-inferenceservice", services),
            self.entry("pod-mutator", "mutate-pods", pods, reinvocationPolicy="IfNeeded", objectSelector=of_services),
        ]
        validating = [
            self.entry("validator", f"validate-serving-kserve-io-{version}-{kind}", _rule(version, f"{kind}s"))
            for version, kind in (
                ("v1beta1", "inferenceservice"),
                ("v1alpha1", "servingruntime"),
                ("v1alpha1", "clusterservingruntime"),
            )
        ]
        return [
            {
                "apiVersion": _REGISTRATION,
                "kind": "MutatingWebhookConfiguration",
                "metadata": name,
                "webhooks": mutating,
            },
            {
                "apiVersion": _REGISTRATION,
                "kind": "ValidatingWebhookConfiguration",
                "metadata": name,
                "webhooks": validating,
            },
        ]


def _rule(version: str, resources: str) -> dict[str, list[str]]:
    return {
        "apiGroups": [GROUP],
        "apiVersions": [version],
        "resources": [resources],
        "operations": ["CREATE", "UPDATE"],
    }


def resource_definitions(folder: Path) -> list[Path]:
    """The files with the CRDs of RESOURCES in a folder of KServe's CRDs."""
    return [folder / f"{GROUP}_{resource}.yaml" for resource in RESOURCES]


def objects(webhook_url: str, authority_certificate: bytes) -> dict[str, Any]:
    """What the controller expects to find in the cluster besides its CRDs, as one List.

    Args:
        webhook_url: where the controller serves its webhooks.
        authority_certificate: PEM by which the API server checks it.
    """
    webhooks = _Webhooks(webhook_url, base64.b64encode(authority_certificate).decode())
    configuration = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "inferenceservice-config", "namespace": NAMESPACE},
        "data": {key: json.dumps(value) for key, value in _CONFIGURATION.items()},
    }
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    return {"apiVersion": "v1", "kind": "List", "items": [namespace, configuration, *webhooks.configurations()]}


def start(machine: Machine, authority: Authority) -> Component:
    """Start the controller. It serves webhooks on all interfaces of the node's network (it has no option for less)."""
    temporary = machine.run.folder / "kserve"
    # The one place where controller-runtime looks: below the temporary folder.
    serving = temporary / "k8s-webhook-server" / "serving-certs"
    serving.mkdir(parents=True)
    server = authority.issue("kserve", "/CN=kserve", (f"IP:{machine.run.addresses.node}",))
    shutil.copy(server.certificate, serving / "tls.crt")
    shutil.copy(server.key, serving / "tls.key")
    return machine.start(
        "kserve",
        PROGRAMS / "manager",
        "--metrics-addr=127.0.0.1:8089",
        f"--health-probe-addr={_HEALTH}",
        f"--webhook-port={machine.run.addresses.webhook_port}",
        environment={
            "KUBECONFIG": str(machine.run.kubeconfig),
            "POD_NAMESPACE": NAMESPACE,
            "TMPDIR": str(temporary),
        },
    )
