"""How many models are in which state, counted as they come and go."""

from collections import Counter

from transformermodel_operator.objects import Document, condition, holds

State = tuple[str, str, str]
"""Namespace, state and reason."""

UNKNOWN = "Unknown"


class Census:
    """Models by namespace, state and the reason of Ready; implements `store.Tally`."""

    def __init__(self) -> None:
        self._models: Counter[State] = Counter()

    def came(self, document: Document) -> None:
        """A model is known."""
        self._models[_state(document)] += 1

    def went(self, document: Document) -> None:
        """A model is known no longer, or no longer so."""
        state = _state(document)
        self._models[state] -= 1
        if not self._models[state]:
            del self._models[state]

    def count(self) -> dict[State, int]:
        """How many models are in each state that there is."""
        return dict(self._models)


def _state(model: Document) -> State:
    """The state is the condition that says most: Stalled, Reconciling or Ready; NotReady where none is True."""
    ready = condition(model, "Ready")
    reason = UNKNOWN if ready is None else str(ready["reason"])
    state = next((kind for kind in ("Stalled", "Reconciling", "Ready") if holds(model, kind)), None)
    return model["metadata"]["namespace"], state or (UNKNOWN if ready is None else "NotReady"), reason
