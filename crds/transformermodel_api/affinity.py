"""spec.predictor.affinity: on which nodes replicas run, with the fields of Kubernetes' own types."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from transformermodel_api.rules import ResourceType
from transformermodel_api.selectors import ATOMIC, LabelSelector

_MOST_TERMS = 16
Weight = Annotated[int, Field(ge=1, le=100, description="Weight beside the other preferences.")]


class NodeOperator(StrEnum):
    """How a node's label is compared with values."""

    In = "In"
    NotIn = "NotIn"
    Exists = "Exists"
    DoesNotExist = "DoesNotExist"
    Gt = "Gt"
    Lt = "Lt"


class NodeRequirement(ResourceType):
    """What a node's label has to be."""

    key: Annotated[str, Field(min_length=1, max_length=317, description="Name of the label.")]
    operator: Annotated[NodeOperator, Field(description="In, NotIn, Exists, DoesNotExist, Gt or Lt.")]
    values: Annotated[
        tuple[str, ...] | None,
        Field(
            max_length=64, description="Values for In and NotIn; one number for Gt and Lt.", json_schema_extra=ATOMIC
        ),
    ] = None


class NodeTerm(ResourceType):
    """Nodes by their labels; all of it has to hold."""

    match_expressions: Annotated[
        tuple[NodeRequirement, ...],
        Field(max_length=_MOST_TERMS, description="What the labels must be.", json_schema_extra=ATOMIC),
    ]


class NodeTerms(ResourceType):
    """Nodes for which one of the terms holds."""

    node_selector_terms: Annotated[
        tuple[NodeTerm, ...],
        Field(
            min_length=1,
            max_length=_MOST_TERMS,
            description="Terms of which at least one must match.",
            json_schema_extra=ATOMIC,
        ),
    ]


class PreferredNodes(ResourceType):
    """Nodes that are better than others."""

    weight: Weight
    preference: Annotated[NodeTerm, Field(description="Which nodes.")]


class NodeAffinity(ResourceType):
    """The nodes on which replicas run."""

    required_during_scheduling_ignored_during_execution: Annotated[
        NodeTerms | None, Field(description="Nodes on which the replicas must run.")
    ] = None
    preferred_during_scheduling_ignored_during_execution: Annotated[
        tuple[PreferredNodes, ...] | None,
        Field(max_length=_MOST_TERMS, description="Nodes to prefer.", json_schema_extra=ATOMIC),
    ] = None


class PodTerm(ResourceType):
    """Pods by their labels, and what counts as the same place."""

    label_selector: Annotated[LabelSelector | None, Field(description="Which pods.")] = None
    topology_key: Annotated[
        str,
        Field(
            min_length=1, max_length=317, description="Label of nodes; nodes with the same value count as one place."
        ),
    ]
    namespaces: Annotated[
        tuple[str, ...] | None,
        Field(max_length=64, description="Namespaces of the pods; the model's when absent.", json_schema_extra=ATOMIC),
    ] = None


class PreferredPods(ResourceType):
    """Pods that are better to be near, or far from."""

    weight: Weight
    pod_affinity_term: Annotated[PodTerm, Field(description="Which pods.")]


class PodAffinity(ResourceType):
    """The pods that replicas are to be near, or far from."""

    required_during_scheduling_ignored_during_execution: Annotated[
        tuple[PodTerm, ...] | None,
        Field(max_length=_MOST_TERMS, description="Rules that must hold.", json_schema_extra=ATOMIC),
    ] = None
    preferred_during_scheduling_ignored_during_execution: Annotated[
        tuple[PreferredPods, ...] | None,
        Field(max_length=_MOST_TERMS, description="Rules to prefer.", json_schema_extra=ATOMIC),
    ] = None


class Affinity(ResourceType):
    """Where replicas should run."""

    node_affinity: Annotated[NodeAffinity | None, Field(description="Rules about nodes.")] = None
    pod_affinity: Annotated[PodAffinity | None, Field(description="Pods to run near.")] = None
    pod_anti_affinity: Annotated[PodAffinity | None, Field(description="Pods to run away from.")] = None
