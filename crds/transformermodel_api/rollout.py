"""spec.rollout: how a change reaches the replicas, and how it is taken back."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from transformermodel_api.rules import ResourceType, Rule

STARTUP_SECONDS = 600
"""How long a replica may take to load a model where nothing else is said."""


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
            description="After how long without progress a rollout has failed; a replica may take as long to load.",
        ),
    ] = STARTUP_SECONDS
    automatic_rollback: Annotated[
        bool,
        Field(
            description="Whether a revision that does not become ready in time, or whose replicas crash again and "
            "again, gives way to the last one that served. It is not tried again before spec changes."
        ),
    ] = True
    revision_history_limit: Annotated[
        int,
        Field(
            ge=0,
            le=8,
            description="Former revisions that are kept to go back to, beside the current one. The store keeps the "
            "artifacts of as many.",
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
            description="Name of a revision to serve, whatever the rest of spec comes to: rolls back by hand, until it "
            "is removed. `status.currentRevision` and the ControllerRevisions have the names.",
        ),
    ] = None
