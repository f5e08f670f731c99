"""The CustomResourceDefinition that teaches an API server the resource."""

from functools import cache
from typing import Any

import yaml

from transformermodel_api import API_VERSION, GROUP, KIND, PLURAL, VERSION
from transformermodel_api.model import TransformerModel
from transformermodel_api.schema import Schema, structural_schema

CLIENT_SIDE_APPLY_LIMIT = 256 * 1024
"""Bytes that all annotations of an object may have; `kubectl apply` keeps the whole manifest in one."""

SPEC_REPLICAS_PATH = ".spec.predictor.minReplicas"
"""Where `kubectl scale` and autoscalers write."""

_HEADER = "# Generated from the types in crds/transformermodel_api by `make generate`; do not edit.\n"
_READY = '.status.conditions[?(@.type=="Ready")]'


def custom_resource_definition() -> dict[str, Any]:
    """The document that `kubectl apply` takes."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{PLURAL}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "names": {
                "kind": KIND,
                "listKind": f"{KIND}List",
                "plural": PLURAL,
                "singular": KIND.lower(),
                "shortNames": ["tfm"],
                "categories": ["ml"],
            },
            "scope": "Namespaced",
            "versions": [
                {
                    "name": VERSION,
                    "served": True,
                    "storage": True,
                    "additionalPrinterColumns": _printer_columns(),
                    "schema": {"openAPIV3Schema": resource_schema()},
                    "subresources": {
                        "status": {},
                        "scale": {
                            "specReplicasPath": SPEC_REPLICAS_PATH,
                            "statusReplicasPath": ".status.replicas",
                            "labelSelectorPath": ".status.selector",
                        },
                    },
                }
            ],
        },
    }


@cache
def resource_schema() -> Schema:
    """The structural schema of the whole resource; metadata is the API server's own affair."""
    schema = structural_schema(TransformerModel)
    schema["required"] = ["spec"]
    schema["properties"] |= {
        "apiVersion": {"description": f"Version of the resource's schema: {API_VERSION}.", "type": "string"},
        "kind": {"description": f"Kind of the resource: {KIND}.", "type": "string"},
        "metadata": {"type": "object"},
    }
    return schema


def crd_yaml() -> str:
    """The CustomResourceDefinition as YAML, always the same bytes for the same types."""
    document = yaml.dump(custom_resource_definition(), Dumper=_WithoutAliases, sort_keys=False, width=120)
    return _HEADER + document


def _printer_columns() -> list[dict[str, str | int]]:
    """The columns of `kubectl get`, as far as they fit a terminal; with a priority those of `--output=wide` alone."""
    paths = {
        "READY": f"{_READY}.status",
        "REASON": f"{_READY}.reason",
        "TASK": ".spec.task",
        "COMMIT": ".status.shortCommit",
        "URL": ".status.url",
    }
    columns: list[dict[str, str | int]] = [
        {"name": name, "type": "string", "jsonPath": path} for name, path in paths.items()
    ]
    return [
        *columns,
        {"name": "PREPARED%", "type": "integer", "jsonPath": ".status.preparation.percent", "priority": 1},
        {"name": "AGE", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
    ]


class _WithoutAliases(yaml.SafeDumper):
    """Writes every value in place."""

    def ignore_aliases(self, data: object) -> bool:
        return True
