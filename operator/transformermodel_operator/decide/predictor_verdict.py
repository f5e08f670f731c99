"""The verdict on a model's predictor."""

from dataclasses import dataclass
from datetime import timedelta

from transformermodel_operator.conditions import Finding
from transformermodel_operator.objects import Document


@dataclass(frozen=True)
class PredictorVerdict:
    """What to do about the predictor, and its state.

    Attributes:
        predictor: the condition PredictorReady.
        url: address of the model inside the cluster.
        replicas: number of replicas that are available; None while there is no Deployment.
        selector: label selector of its pods.
        current_revision: the revision that every replica served last.
        update_revision: the revision that spec results in.
        digest: artifact of the revision to serve.
        pinned: spec names the revision; the rest of spec is not waited for.
        switched_off: no replica is wanted, and none exists.
        rolled_back: why the wanted revision was rolled back to the current one; None if it was not.
        stalled: only the user can help.
        apply: children to write, in this order.
        delete: children to remove.
        requeue_after: when to look again even if nothing happens.
    """

    predictor: Finding
    url: str | None = None
    replicas: int | None = None
    selector: str | None = None
    current_revision: str | None = None
    update_revision: str | None = None
    digest: str | None = None
    pinned: bool = False
    switched_off: bool = False
    rolled_back: str | None = None
    stalled: bool = False
    apply: tuple[Document, ...] = ()
    delete: tuple[Document, ...] = ()
    requeue_after: timedelta | None = None
