"""`transformermodel doctor` on a real cluster where nothing of what a model needs is there."""

from pathlib import Path

from tests.cluster.kubernetes import Kubernetes
from tests.cluster.test_doctor import KSERVE, OURS, doctor, manifest

__all__ = ["manifest"]


def test_what_a_cluster_lacks_is_named_with_the_remedy(kubernetes_alone: Kubernetes, manifest: Path) -> None:
    status, found = doctor(kubernetes_alone, manifest, "default")
    failed = {
        name: (check["message"], check["remedy"]) for name, check in found.items() if check["finding"] == "failed"
    }
    assert failed == {
        OURS: (f"{OURS} is not installed.", "Install the chart, or `transformermodel crds | kubectl apply -f -`."),
        KSERVE: (f"{KSERVE} is not installed.", "Install KServe 0.20 or later in Standard mode."),
        "storage": ("PersistentVolumeClaim default/models is not there.", "Create the claim models."),
    }
    assert found["cluster"]["finding"] == "ok"
    assert status == 2
