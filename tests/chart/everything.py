"""Values that switch on whatever the chart can do."""

from typing import Any

OF_OTHERS = frozenset({"PodMonitor", "PrometheusRule"})
"""Kinds that only a cluster with the Prometheus Operator knows."""

_IMAGE = {"tag": "main", "digest": f"sha256:{'0123456789abcdef' * 4}", "pullPolicy": "Always"}
_PLACE = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "there"}}}

EVERYTHING: dict[str, Any] = {
    "image": {
        "operator": {**_IMAGE, "repository": "registry.example.com/operator"},
        "predictor": {**_IMAGE, "repository": "registry.example.com/predictor"},
    },
    "imagePullSecrets": [{"name": "registry"}],
    "watchNamespaces": ["default"],
    "defaultStorageUri": "s3://bucket/models",
    "defaultStorageSecretName": "bucket-key",
    "clusterName": "west",
    "hub": {"endpoint": "https://hub.example.com"},
    "crds": {"keep": False},
    "userRoles": {"create": True},
    "servingRuntime": {"install": "auto", "name": "ours", "priority": 2, "drainSeconds": 10},
    "admissionPolicies": {
        "action": "Warn",
        "allowedSources": ["hf://acme"],
        "allowedStorage": ["s3://bucket"],
        "remoteCode": {"onlyInLabelledNamespaces": True},
    },
    "fullnameOverride": "models",
    "commonLabels": {"team": "ml"},
    "replicas": 3,
    "podDisruptionBudget": {"maxUnavailable": "50%"},
    "serviceAccount": {"name": "ours", "annotations": {"example.com/role": "operator"}},
    "resources": {"limits": {"cpu": 1, "memory": "512Mi"}},
    "nodeSelector": {"kubernetes.io/arch": "amd64"},
    "tolerations": [{"key": "dedicated", "operator": "Exists", "effect": "NoSchedule"}],
    "affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}},
    "priorityClassName": "system-cluster-critical",
    "podAnnotations": {"example.com/team": "ml"},
    "podLabels": {"team": "ml"},
    "topologySpreadConstraints": [
        {"maxSkew": 1, "topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "DoNotSchedule"}
    ],
    "extraEnv": [{"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "one"}}}],
    "volumes": [{"name": "authorities", "configMap": {"name": "authorities"}}],
    "volumeMounts": [{"name": "authorities", "mountPath": "/etc/authorities", "readOnly": True}],
    "extraObjects": [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "authorities", "namespace": "{{ .Release.Namespace }}"},
        }
    ],
    "networkPolicies": {
        "enabled": True,
        "apiServer": {"to": [{"ipBlock": {"cidr": "10.0.0.1/32"}}]},
        "operator": {"egress": [{"to": [_PLACE], "ports": [{"port": 4317, "endPort": 4318}]}]},
        "predictor": {"from": [_PLACE, {"podSelector": {}}]},
    },
    "monitoring": {
        "podMonitors": {"create": True},
        "rules": {"create": True},
        "dashboards": {"create": True},
    },
}
"""Something for each value; tests hold that none is left out."""
