"""spec.rollout: how a change is rolled out to the replicas, and rolled back."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from transformermodel_api.rules import ResourceType, Rule

STARTUP_SECONDS = 600
"""Default limit on the seconds that a replica may take to load a model."""


class RolloutStrategy(StrEnum):
    """How replicas of a new revision take the place of the old ones."""

    RollingUpdate = "RollingUpdate"
    Recreate = "Recreate"


class Rollout(ResourceType):
    """How a change reaches the replicas, and how it is taken back."""

    strategy: Annotated[
        RolloutStrategy,
        Field(
            description="How replicas of a new revision take the place of the old ones: RollingUpdate (a new one has "
            "to answer before an old one goes) or Recreate (the old ones go first: nothing answers meanwhile, and no "
            "second GPU is needed)."
        ),
    ] = RolloutStrategy.RollingUpdate
    progress_deadline_seconds: Annotated[
        int,
        Field(
            ge=10,
            le=86_400,
            description="How long a rollout may go without progress before it has failed; a replica may load as long.",
        ),
    ] = STARTUP_SECONDS
    automatic_rollback: Annotated[
        bool,
        Field(
            description="Whether a revision that does not become ready in time, or whose replicas crash again and "
            "again, is rolled back to the last one that served. It is not tried again until spec changes."
        ),
    ] = True
    revision_history_limit: Annotated[
        int,
        Field(
            ge=0,
            le=8,
            description="Number of old revisions to keep for rollbacks, besides the current one. The store keeps as "
            "many of their artifacts.",
        ),
    ] = 5
    canary: Annotated[
        Mapping[str, Any] | None,
        Field(
            description="Refused, whatever it holds: KServe 0.20 starts a canary beside the model and sends it no "
            "share of the requests. Serve what is new as a second TransformerModel."
        ),
        Rule(
            "false",
            "a canary would get no requests: KServe 0.20 starts its pods, and no route that it makes splits traffic; "
            "remove canary and serve what is new as a second TransformerModel (docs/life.md#canaries)",
        ),
    ] = None
    pinned_revision: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=63,
            description="Name of a revision to serve, whatever the rest of spec asks for: a rollback by hand, until "
            "you remove it. `status.currentRevision` and the ControllerRevisions have the names.",
        ),
    ] = None
