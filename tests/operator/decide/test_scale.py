"""How many replicas there are, who may change that, and how many may go at once."""

from datetime import timedelta
from typing import Any

import pytest

from tests.operator.world import (
    Object,
    after,
    conditions,
    deployment,
    job,
    message,
    model,
    served,
    service,
    snapshot,
    stored,
    succeeded,
)
from transformermodel_api.model import TransformerModel
from transformermodel_operator.children.disruption_budget import disruption_budget
from transformermodel_operator.decision import Decision, decide
from transformermodel_operator.objects import DISRUPTION_BUDGET, Reference
from transformermodel_operator.reasons import Reason
from transformermodel_operator.snapshot import Refusal

MODEL = model()
PREPARED = after(decide(snapshot(MODEL, job(MODEL, "Complete"), job_pods=succeeded())), MODEL)


def scaled(**predictor: Any) -> Object:
    return {**PREPARED, "spec": {**PREPARED["spec"], "predictor": predictor}}


def around(document: Object, replicas: int, **more: Any) -> dict[str, Any]:
    found = service(document)
    return {**served(document), "service": found, "deployment": deployment(found, wanted=replicas), **more}


def budget(document: Object) -> Object:
    return stored(disruption_budget(TransformerModel.read(document).metadata))


def kinds(decision: Decision) -> list[str]:
    return [document["kind"] for document in decision.apply]


@pytest.mark.parametrize(("replicas", "reason"), [(2, "Ready"), (4, "Ready"), (1, "RollingOut"), (5, "RollingOut")])
def test_with_an_autoscaler_any_number_within_its_bounds_is_right(replicas: int, reason: str) -> None:
    document = scaled(minReplicas=2, maxReplicas=4)
    decision = decide(snapshot(document, **around(document, replicas, budget=budget(document))))
    assert conditions(decision)["Ready"][1] == reason
    assert decision.apply == ()


@pytest.mark.parametrize(("available", "reason"), [(2, "Ready"), (1, "ReplicasUnavailable")])
def test_replicas_that_an_autoscaler_has_just_asked_for_are_no_doubt(available: int, reason: str) -> None:
    """As long as those serve that spec wants at least; KServe calls the model not ready all the same."""
    document = scaled(minReplicas=2, maxReplicas=4)
    seen = around(document, 4, budget=budget(document))
    ready = after(decide(snapshot(document, **seen)), document)
    seen["deployment"]["status"]["availableReplicas"] = available
    seen["service"]["status"]["conditions"] = [
        {"type": "PredictorReady", "status": "False", "reason": "MinimumReplicasUnavailable"},
        {"type": "Ready", "status": "False", "reason": "MinimumReplicasUnavailable"},
    ]
    decision = decide(snapshot(ready, **seen))
    assert conditions(decision)["Ready"][1] == reason
    assert f"{available} of 4 replicas" in message(decision, "PredictorReady")


def growing(document: Object, **status: Any) -> dict[str, Any]:
    """What is around a model of which an autoscaler wants four replicas, and two are there so far."""
    seen = around(document, 4, budget=budget(document))
    seen["deployment"]["status"] |= {"availableReplicas": 2, **status}
    return seen


def test_a_revision_has_to_serve_with_all_replicas_once_before_a_part_of_them_is_enough() -> None:
    document = scaled(minReplicas=2, maxReplicas=4)
    first = {**document, "status": {**document["status"], "currentRevision": None}}
    assert conditions(decide(snapshot(first, **growing(document))))["Ready"][1] == "ReplicasUnavailable"


@pytest.mark.parametrize(
    "status",
    [
        pytest.param({"updatedReplicas": 3}, id="one is of another template"),
        pytest.param({"conditions": [{"type": "Progressing", "status": "True", "reason": "x"}]}, id="it is rolled out"),
    ],
)
def test_replicas_of_which_not_all_have_the_revision_are_not_enough(status: dict[str, Any]) -> None:
    document = scaled(minReplicas=2, maxReplicas=4)
    ready = after(decide(snapshot(document, **around(document, 4, budget=budget(document)))), document)
    assert conditions(decide(snapshot(ready, **growing(document))))["Ready"][1] == "Ready"
    assert conditions(decide(snapshot(ready, **growing(document, **status))))["Ready"][1] == "RollingOut"


def test_while_replicas_come_kserves_other_doubts_count() -> None:
    document = scaled(minReplicas=2, maxReplicas=4)
    ready = after(decide(snapshot(document, **around(document, 4, budget=budget(document)))), document)
    seen = growing(document)
    seen["service"]["status"]["conditions"] = [
        {"type": "IngressReady", "status": "False", "reason": "NoGateway"},
        {"type": "Ready", "status": "False"},
    ]
    assert conditions(decide(snapshot(ready, **seen)))["Ready"] == ("False", "KServeNotReady")


def test_a_model_that_is_switched_off_is_as_its_spec_wants_it_and_answers_nobody() -> None:
    document = scaled(minReplicas=0)
    decision = decide(snapshot(document, **around(document, 0)))
    assert conditions(decision)["Ready"] == ("True", "ScaledToZero")
    assert conditions(decision)["PredictorReady"] == ("False", "ScaledToZero")
    assert "Stalled" not in conditions(decision)
    assert decision.status is not None
    assert decision.status.replicas == 0


def test_a_model_is_woken_before_it_gets_its_autoscaler() -> None:
    """An autoscaler leaves a Deployment alone that has no replica."""
    document = scaled(minReplicas=2, maxReplicas=4)
    asleep = around(scaled(minReplicas=0), 0, budget=budget(document))
    (woken,) = decide(snapshot(document, **asleep)).apply
    assert woken["metadata"]["annotations"]["serving.kserve.io/autoscalerClass"] == "none"
    assert (woken["spec"]["predictor"]["minReplicas"], "maxReplicas" in woken["spec"]["predictor"]) == (2, False)
    awake = {**asleep, "service": stored(woken), "deployment": deployment(woken, wanted=2)}
    (scaling,) = decide(snapshot(document, **awake)).apply
    assert scaling["metadata"]["annotations"]["serving.kserve.io/autoscalerClass"] == "hpa"


def test_it_is_not_switched_off_before_its_last_replica_has_gone() -> None:
    document = scaled(minReplicas=0)
    decision = decide(snapshot(document, **around(document, 1)))
    assert conditions(decision)["Ready"] == ("False", "RollingOut")


def test_a_revision_that_was_never_served_is_not_good_because_nothing_serves() -> None:
    document = scaled(minReplicas=0)
    decision = decide(snapshot(document, **around(document, 0)))
    assert decision.status is not None
    assert decision.status.current_revision is None


def test_more_than_one_replica_have_a_disruption_budget() -> None:
    document = scaled(minReplicas=2)
    decision = decide(snapshot(document, **around(document, 2)))
    assert kinds(decision) == ["PodDisruptionBudget"]
    (found,) = decision.apply
    assert (found["metadata"]["name"], found["spec"]["maxUnavailable"]) == ("sentiment-predictor", 1)
    assert found["spec"]["unhealthyPodEvictionPolicy"] == "AlwaysAllow"
    selected = found["spec"]["selector"]["matchLabels"]
    assert selected == {"transformermodel.dev/model": "sentiment", "app.kubernetes.io/component": "predictor"}
    assert selected.items() <= service(document)["metadata"]["labels"].items()  # which KServe hands on to the pods
    assert decide(snapshot(document, **around(document, 2, budget=budget(document)))).apply == ()


def test_one_replica_has_none_or_no_node_could_be_drained() -> None:
    decision = decide(snapshot(PREPARED, **around(PREPARED, 1, budget=budget(PREPARED))))
    assert [found["kind"] for found in decision.delete] == ["PodDisruptionBudget"]


def test_one_replica_that_may_become_more_has_none_either() -> None:
    document = scaled(minReplicas=1, maxReplicas=3)
    assert kinds(decide(snapshot(document, **around(document, 1)))) == []


def test_a_budget_on_its_way_out_is_waited_for() -> None:
    leaving = budget(PREPARED)
    leaving["metadata"]["deletionTimestamp"] = "2026-11-22T12:00:00Z"
    leaving["spec"]["maxUnavailable"] = 2
    for replicas in (1, 2):
        document = scaled(minReplicas=replicas)
        decision = decide(snapshot(document, **around(document, replicas, budget=leaving)))
        assert (decision.apply, decision.delete) == ((), ())


def test_somebody_elses_budget_is_left_alone_and_told_of() -> None:
    document = scaled(minReplicas=2)
    foreign = budget(document)
    foreign["metadata"]["ownerReferences"] = []
    decision = decide(snapshot(document, **around(document, 2, budget=foreign)))
    assert decision.apply == ()
    assert conditions(decision)["Ready"] == ("True", "Ready")
    assert "PodDisruptionBudget team/sentiment-predictor" in message(decision, "PredictorReady")


def test_a_budget_that_is_refused_is_tried_again_and_the_model_serves() -> None:
    document = scaled(minReplicas=2)
    refusals = {Reference(DISRUPTION_BUDGET, "team", "sentiment-predictor"): Refusal(Reason.Refused, "no quota")}
    decision = decide(snapshot(document, **around(document, 2), refusals=refusals))
    assert conditions(decision)["Ready"] == ("True", "Ready")
    assert decision.requeue_after == timedelta(minutes=1)
