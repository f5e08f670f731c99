"""Builds the CustomResourceDefinition from the resource's types."""

from functools import cache
from typing import Any

import yaml

from transformermodel_api import API_VERSION, GROUP, KIND, PLURAL, VERSION
from transformermodel_api.model import TransformerModel
from transformermodel_api.schema import Schema, structural_schema

CLIENT_SIDE_APPLY_LIMIT = 256 * 1024
"""Limit on the bytes of an object's annotations, in one of which `kubectl apply` keeps the whole manifest."""

SPEC_REPLICAS_PATH = ".spec.predictor.minReplicas"
"""The field that the scale subresource reads and writes, for `kubectl scale` and autoscalers."""

_HEADER = "# Generated from the types in crds/transformermodel_api by `make generate`; do not edit.\n"
_READY = '.status.conditions[?(@.type=="Ready")]'


def custom_resource_definition() -> dict[str, Any]:
    """The CustomResourceDefinition as JSON values."""
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
    """The structural schema of the whole resource; the API server itself validates metadata. Shared: do not modify."""
    schema = structural_schema(TransformerModel)
    schema["required"] = ["spec"]
    schema["properties"] |= {
        "apiVersion": {"description": f"Version of the resource's schema: {API_VERSION}.", "type": "string"},
        "kind": {"description": f"Kind of the resource: {KIND}.", "type": "string"},
        "metadata": {"type": "object"},
    }
    return schema


def crd_yaml() -> str:
    """The CustomResourceDefinition as YAML; the same types give the same bytes."""
    document = yaml.dump(custom_resource_definition(), Dumper=_WithoutAliases, sort_keys=False, width=120)
    return _HEADER + document


def _printer_columns() -> list[dict[str, str | int]]:
    """The columns of `kubectl get`; those with a priority above 0 appear only with `--output=wide`."""
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
    """A dumper that writes repeated values in full, without YAML anchors and aliases."""

    def ignore_aliases(self, data: object) -> bool:
        return True
