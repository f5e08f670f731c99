"""The state of each model: what there is of it and its children, and what of that is no history."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from tests.operator.faults.stage import KINDS, Object, Stage, masked
from transformermodel_operator.objects import MODEL_LABEL

State = dict[str, Object]
"""A model and its children, by kind and name."""


async def states_of(stage: Stage) -> Mapping[str, State]:
    """The states of all models of a stage, by their names; without what differs from run to run."""
    states: dict[str, State] = defaultdict(dict)
    for kind in KINDS:
        for found in await stage.administrator.all(kind):
            name = found["metadata"]["name"]
            model = name if kind == "TransformerModel" else found["metadata"]["labels"][MODEL_LABEL]
            states[model][f"{kind}/{name}"] = masked(stage.anywhere({**found, "kind": kind}))
    return states


def model_in(state: State) -> Object:
    """The model itself."""
    return next(found for found in state.values() if found["kind"] == "TransformerModel")


def ready_in(state: State) -> Object:
    """The model's condition Ready."""
    conditions: list[Object] = model_in(state)["status"]["conditions"]
    return next(found for found in conditions if found["type"] == "Ready")


def deployment_in(state: State) -> Object | None:
    """The Deployment that serves."""
    return next((found for found in state.values() if found["kind"] == "Deployment"), None)


def without_history(state: State) -> State:
    """What a model that was changed has in common with one that was made so.

    It is without

    - generations, and that they were observed: edits are counted;
    - `status.source`: what the last look at the sources has found is kept, for the next look to compare with;
    - of a Job that has ended all but its name: that says what was prepared, the rest how and when it ran;
    - ControllerRevisions of what was served before, and the number of the one that is served: a way back.
    """
    served = model_in(state).get("status", {}).get("updateRevision")
    return {
        name: _unobserved(_without_history(found))
        for name, found in state.items()
        if found["kind"] != "ControllerRevision" or found["metadata"]["name"] == served
    }


def _without_history(document: Object) -> Object:
    match document["kind"]:
        case "Job":
            return {"kind": "Job"}
        case "ControllerRevision":
            return {name: found for name, found in document.items() if name != "revision"}
        case "TransformerModel":
            status = {name: found for name, found in document.get("status", {}).items() if name != "source"}
            return {**document, "status": status}
    return document


def _unobserved(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _unobserved(found) for key, found in value.items() if key != "observedGeneration"}
    return [_unobserved(found) for found in value] if isinstance(value, list) else value
