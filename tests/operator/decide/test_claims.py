"""Whether the claims that a Job will mount are of use."""

from typing import Any

import pytest

from tests.operator.world import Object, claim, conditions, message, model, snapshot
from transformermodel_operator.decision import decide


def test_a_source_may_be_on_a_claim_that_nobody_can_write_to() -> None:
    document = model(source={"uri": "pvc://checkpoints/bert"})
    claims = {"checkpoints": claim("checkpoints", modes=("ReadOnlyMany",)), "models": claim("models")}
    assert [child["kind"] for child in decide(snapshot(document, claims=claims)).apply] == ["Job"]


def test_a_source_that_is_missing_holds_the_job_up_as_the_storage_does() -> None:
    document = model(source={"uri": "pvc://checkpoints/bert"})
    decision = decide(snapshot(document, claims={"checkpoints": None, "models": claim("models")}))
    assert (decision.apply, conditions(decision)["Prepared"]) == ((), ("False", "ClaimMissing"))
    assert message(decision, "Prepared") == (
        "PersistentVolumeClaim checkpoints is not there. Create it in the model's namespace, or correct the pvc:// uri."
    )


@pytest.mark.parametrize(
    ("predictor", "modes", "told"),
    [
        ({"minReplicas": 1}, ("ReadWriteOnce",), False),
        ({"minReplicas": 3}, ("ReadWriteOnce",), True),
        ({"minReplicas": 1, "maxReplicas": 3}, ("ReadWriteOnce",), True),
        ({"minReplicas": 3}, ("ReadWriteMany",), False),
        ({"minReplicas": 3}, ("ReadWriteOnce", "ReadWriteMany"), False),
    ],
)
def test_that_all_replicas_have_to_run_on_one_node_is_told(
    predictor: dict[str, Any], modes: tuple[str, ...], told: bool
) -> None:
    found: dict[str, Object | None] = {"models": claim("models", modes=modes)}
    decision = decide(snapshot(model(predictor=predictor), claims=found))
    assert ("ClaimOnOneNode" in {event.reason.value for event in decision.events}) is told
