"""Checks the PersistentVolumeClaims that a Job will mount. Pure."""

from collections.abc import Mapping

from transformermodel_api.predictor import Predictor
from transformermodel_operator.children.storage import AnyStorage, StorageLocation
from transformermodel_operator.decide.announcements import Event
from transformermodel_operator.objects import Document, is_terminating
from transformermodel_operator.reasons import EventType, Reason
from transformermodel_operator.snapshot import Refusal

_WRITABLE = frozenset({"ReadWriteOnce", "ReadWriteMany"})
"""Access modes with which a Job can write and other pods read: ReadWriteOncePod is for one pod alone."""


def claim_refusal(storage: AnyStorage, claims: Mapping[str, Document | None]) -> Refusal | None:
    """Why no Job can be created yet; None if there is no known reason.

    A pending claim is no reason: one that waits for its first consumer is bound when the Job's pod is scheduled, and
    if that fails, the pod reports it.

    Args:
        storage: where the artifact goes.
        claims: the claims that were looked up, by name; None for a missing one.
    """
    for name, claim in claims.items():
        if claim is None:
            return _refusal(Reason.ClaimMissing, f"PersistentVolumeClaim {name} is not there.")
        if is_terminating(claim):
            return _refusal(Reason.ClaimLost, f"PersistentVolumeClaim {name} is being deleted.")
        if claim.get("status", {}).get("phase") == "Lost":
            return _refusal(Reason.ClaimLost, f"PersistentVolumeClaim {name} has lost its volume.")
        modes = claim["spec"].get("accessModes") or ()
        if isinstance(storage, StorageLocation) and name == storage.claim and not _WRITABLE & set(modes):
            told = ", ".join(modes) or "no access mode"
            words = f"PersistentVolumeClaim {name} is {told}. {Reason.ClaimAccessMode.meaning}"
            return Refusal(Reason.ClaimAccessMode, words)
    return None


def claim_remarks(
    storage: AnyStorage, claims: Mapping[str, Document | None], predictor: Predictor
) -> tuple[Event, ...]:
    """What the user should know about a claim that a Job can use."""
    claim = claims.get(storage.claim) if isinstance(storage, StorageLocation) else None
    several = max(predictor.min_replicas, predictor.max_replicas or 0) > 1
    if claim is None or not several or "ReadWriteMany" in (claim["spec"].get("accessModes") or ()):
        return ()
    return (Event(EventType.Warning, Reason.ClaimOnOneNode, Reason.ClaimOnOneNode.meaning),)


def _refusal(reason: Reason, found: str) -> Refusal:
    return Refusal(reason, f"{found} {reason.remedy}")
