"""Counts models by state and keeps those that are not Ready, updated as the store of models changes."""

import heapq
from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from transformermodel_operator.objects import Document, Key, condition, holds, key_of

State = tuple[str, str, str]
"""Namespace, state and reason."""

UNKNOWN = "Unknown"

UNREADY_LIMIT = 1000
"""Limit on the models that are reported one by one; of more, those that have not been Ready for longest."""

_STEPS = ("SourceResolved", "Prepared", "PredictorReady")


@dataclass(frozen=True, slots=True)
class Unready:
    """A model that is not Ready.

    Attributes:
        model: the model.
        state: its state, as in `State`.
        condition: the first of its steps' conditions that is not True; Ready if all of them are.
        reason: the reason of the condition Ready.
        since: when it ceased to be Ready, or was created, in seconds since the epoch.
    """

    model: Key
    state: str
    condition: str
    reason: str
    since: float


class ModelStates:
    """Models by namespace, state and the reason of Ready; implements `store.Observer`."""

    def __init__(self) -> None:
        self._models: Counter[State] = Counter()
        self._unready: dict[Key, Unready] = {}

    def added(self, document: Document) -> None:
        """Count a model that was added to the store."""
        self._models[_state(document)] += 1
        if not holds(document, "Ready"):
            self._unready[key_of(document)] = _unready(document)

    def removed(self, document: Document) -> None:
        """Uncount a model that was removed from the store or replaced by another version."""
        state = _state(document)
        self._models[state] -= 1
        if not self._models[state]:
            del self._models[state]
        self._unready.pop(key_of(document), None)

    def count(self) -> dict[State, int]:
        """The number of models in each state that occurs."""
        return dict(self._models)

    def unready(self) -> list[Unready]:
        """The models that are not Ready, at most `UNREADY_LIMIT`, longest first."""
        return heapq.nsmallest(UNREADY_LIMIT, self._unready.values(), key=lambda found: found.since)


def _state(model: Document) -> State:
    """Namespace, state and reason of a model.

    The state is the first of Stalled, Reconciling and Ready that is True. If none is, it is NotReady, or Unknown
    without a condition Ready.
    """
    ready = condition(model, "Ready")
    reason = UNKNOWN if ready is None else str(ready["reason"])
    state = next((kind for kind in ("Stalled", "Reconciling", "Ready") if holds(model, kind)), None)
    return model["metadata"]["namespace"], state or (UNKNOWN if ready is None else "NotReady"), reason


def _unready(model: Document) -> Unready:
    _, state, reason = _state(model)
    missing = next((kind for kind in _STEPS if not holds(model, kind)), "Ready")
    ready = condition(model, "Ready")
    since = model["metadata"]["creationTimestamp"] if ready is None else ready["lastTransitionTime"]
    return Unready(key_of(model), state, missing, reason, datetime.fromisoformat(since).timestamp())
