"""The API server's audit log: who wrote what."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

POLICY: dict[str, Any] = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived", "ResponseStarted"],
    "rules": [
        {"level": "Metadata", "verbs": ["create", "update", "patch", "delete", "deletecollection"]},
        {"level": "None"},
    ],
}


@dataclass(frozen=True)
class Write:
    """A request that was to change something, whatever came of it.

    Attributes:
        user: as the API server knows it, such as `system:serviceaccount:<namespace>:<name>`.
        verb: create, update, patch or delete.
        resource: plural of the kind, with the subresource, such as `jobs` or `transformermodels/status`.
        namespace: of the object; empty for kinds without.
        name: of the object; empty where the server chooses it.
        status: HTTP status of the answer.
    """

    user: str
    verb: str
    resource: str
    namespace: str
    name: str
    status: int


def read_writes(log: Path) -> list[Write]:
    """The writes in a log, oldest first. A line that is still being written is left out."""
    lines = log.read_text().splitlines(keepends=True) if log.exists() else []
    return [_write(json.loads(line)) for line in lines if line.endswith("\n")]


def _write(entry: dict[str, Any]) -> Write:
    target = entry.get("objectRef", {})
    subresource = target.get("subresource")
    return Write(
        user=entry["user"]["username"],
        verb=entry["verb"],
        resource=target.get("resource", "") + (f"/{subresource}" if subresource else ""),
        namespace=target.get("namespace", ""),
        name=target.get("name", ""),
        status=entry.get("responseStatus", {}).get("code", 0),
    )
