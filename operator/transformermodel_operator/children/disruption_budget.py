"""The PodDisruptionBudget of a model with more than one replica: draining nodes takes one after the other."""

from typing import Any

from transformermodel_api.model import Metadata
from transformermodel_operator.children.identity import labels, metadata
from transformermodel_operator.children.inference_service import COMPONENT, deployment_name
from transformermodel_operator.objects import DISRUPTION_BUDGET, MODEL_LABEL


def disruption_budget(owner: Metadata) -> dict[str, Any]:
    """The budget of a model's replicas. KServe hands the InferenceService's labels on to its pods."""
    of_pods = labels(owner, COMPONENT)
    selected = {name: of_pods[name] for name in (MODEL_LABEL, "app.kubernetes.io/component")}
    return {
        "apiVersion": DISRUPTION_BUDGET.api_version,
        "kind": DISRUPTION_BUDGET.name,
        "metadata": metadata(owner, deployment_name(owner.name), COMPONENT),
        "spec": {
            "maxUnavailable": 1,
            "selector": {"matchLabels": selected},
            # A replica that is not ready serves nobody: it never keeps a node from being drained.
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
        },
    }
