"""What the predictor of a model has come to."""

from dataclasses import dataclass
from datetime import timedelta

from transformermodel_operator.conditions import Finding
from transformermodel_operator.objects import Document


@dataclass(frozen=True)
class PredictorVerdict:
    """What is to be done about the predictor, and what it has come to.

    Attributes:
        predictor: the condition PredictorReady.
        url: address of the model inside the cluster.
        replicas: number of replicas that are available; None while there is no Deployment.
        selector: label selector of its pods.
        current_revision: the revision that served last on every replica.
        update_revision: the one that spec comes to.
        digest: artifact of the revision that is to be served.
        pinned: spec names the revision: what else it says is not waited for.
        switched_off: no replica is wanted, and none is there.
        rolled_back: why the wanted revision has given way to the current one; None where it has not.
        stalled: only the user can help.
        apply: children to be written, in this order.
        delete: children to be removed.
        requeue_after: when to look again although nothing has happened.
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
