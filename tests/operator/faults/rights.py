"""The operator's account with the rights that the chart gives it, and no others."""

import json

from tests.chart.chart import HELM, Chart, Manifest, of_kind
from tests.operator.faults.api_server import ApiServer

SYSTEM_NAMESPACE, RELEASE = "system", "release"
ACCOUNT = f"{RELEASE}-transformermodel"
USER = f"system:serviceaccount:{SYSTEM_NAMESPACE}:{ACCOUNT}"


def grant(server: ApiServer) -> str:
    """Make the account and give it its rights; returns a token of it.

    The Lease's rights hold in every namespace: each of the tests' operators has its Lease in its own.
    """
    manifests = Chart(HELM).render(release=RELEASE, namespace=SYSTEM_NAMESPACE)
    account = of_kind(manifests, "ServiceAccount")
    roles = [*of_kind(manifests, "ClusterRole", "ClusterRoleBinding"), *_everywhere(manifests)]
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SYSTEM_NAMESPACE}}
    items = {"apiVersion": "v1", "kind": "List", "items": [namespace, *account, *roles]}
    server.kubectl("apply", "-f", "-", given=json.dumps(items))
    return server.kubectl("create", "token", ACCOUNT, f"--namespace={SYSTEM_NAMESPACE}", "--duration=24h")


def operator_rules() -> list[Manifest]:
    """All rules of the operator's roles."""
    manifests = Chart(HELM).render(release=RELEASE, namespace=SYSTEM_NAMESPACE)
    cluster_wide = [role for role in of_kind(manifests, "ClusterRole") if role["metadata"]["name"] == ACCOUNT]
    return [rule for role in (*cluster_wide, *of_kind(manifests, "Role")) for rule in role["rules"]]


def _everywhere(manifests: list[Manifest]) -> list[Manifest]:
    found = []
    for manifest in of_kind(manifests, "Role", "RoleBinding"):
        metadata = {key: value for key, value in manifest["metadata"].items() if key != "namespace"}
        wide = {**manifest, "kind": f"Cluster{manifest['kind']}", "metadata": metadata}
        if "roleRef" in wide:
            wide["roleRef"] = {**wide["roleRef"], "kind": "ClusterRole"}
        found.append(wide)
    return found
