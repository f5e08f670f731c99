"""The PodDisruptionBudget of a model with more than one replica: draining nodes evicts one replica at a time."""

from typing import Any

from transformermodel_api.model import Metadata
from transformermodel_operator.children.identity import labels, metadata
from transformermodel_operator.children.inference_service import COMPONENT, deployment_name
from transformermodel_operator.objects import DISRUPTION_BUDGET, MODEL_LABEL


def disruption_budget(owner: Metadata) -> dict[str, Any]:
    """The budget of a model's replicas. Its selector works because KServe copies the InferenceService's labels."""
    of_pods = labels(owner, COMPONENT)
    selected = {name: of_pods[name] for name in (MODEL_LABEL, "app.kubernetes.io/component")}
    return {
        "apiVersion": DISRUPTION_BUDGET.api_version,
        "kind": DISRUPTION_BUDGET.name,
        "metadata": metadata(owner, deployment_name(owner.name), COMPONENT),
        "spec": {
            "maxUnavailable": 1,
            "selector": {"matchLabels": selected},
            # An unready replica serves no requests, so it must not block the draining of a node.
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
        },
    }
