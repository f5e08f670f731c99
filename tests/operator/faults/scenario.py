"""The reference scenario: the life of a model, with an error of each kind that a user makes."""

from collections.abc import Callable

from tests.operator.faults.answers import BROKEN, MISSING
from tests.operator.faults.stage import NAME, End, Object, Stage


def manifest(revision: str) -> Object:
    """The model, of a revision of its source."""
    return {
        "apiVersion": "transformermodel.dev/v1alpha1",
        "kind": "TransformerModel",
        "metadata": {"name": NAME},
        "spec": {
            "task": "SequenceClassification",
            "source": {"uri": "hf://org/name", "revision": revision},
            "storage": {"uri": "pvc://models"},
            "predictor": {"minReplicas": 2},
        },
    }


async def live_a_life(stage: Stage) -> tuple[End, End]:
    """Create → prepare → roll out → change → fail → roll back → delete; the states before and after the deletion."""
    await _apply(stage, "first", _is_ready)
    await _apply(stage, "second", _is_ready)
    await _apply(stage, MISSING, _has_reason("NotFound"))
    await _apply(stage, BROKEN, _has_reason("RolledBack"))
    model = await _apply(stage, "second", _is_ready)
    await stage.settle()
    alive = await stage.end()
    await stage.administrator.delete("TransformerModel", NAME)
    await stage.bystanders.collect_garbage(model)
    await stage.settle()
    return alive, await stage.end()


async def _apply(stage: Stage, revision: str, until: Callable[[Object], bool]) -> Object:
    """Apply the model, and wait until the operator says so of this very spec."""
    generation = (await stage.administrator.apply(manifest(revision)))["metadata"]["generation"]

    def holds(model: Object) -> bool:
        status = model.get("status", {})
        return status.get("observedGeneration") == generation and until(status)

    return await stage.until(holds)


def _is_ready(status: Object) -> bool:
    return any((found["type"], found["status"]) == ("Ready", "True") for found in status["conditions"])


def _has_reason(reason: str) -> Callable[[Object], bool]:
    return lambda status: any((found["type"], found["reason"]) == ("Ready", reason) for found in status["conditions"])
