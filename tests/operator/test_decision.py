"""What the concerns come to: suspension, deletion, unreadable objects, events."""

from datetime import timedelta
from typing import Any

import pytest

from tests.operator.world import (
    PREPARED,
    Object,
    after,
    conditions,
    failed,
    job,
    message,
    model,
    served,
    snapshot,
    succeeded,
)
from transformermodel_api.failures import FailureReason
from transformermodel_operator.decide.inquiry import Inquiry
from transformermodel_operator.decision import Decision, decide, inquire
from transformermodel_operator.objects import Reference
from transformermodel_operator.pods.job_pods import JobPods
from transformermodel_operator.pods.replica_pods import ReplicaPods
from transformermodel_operator.reasons import Reason
from transformermodel_operator.snapshot import Refusal

MODEL = model()
READY = after(decide(snapshot(MODEL, job(MODEL, "Complete"), job_pods=succeeded(), **served(MODEL))), MODEL)


def events(decision: Decision) -> list[tuple[str, str]]:
    return [(event.type.value, event.reason) for event in decision.events]


def test_a_model_that_is_being_deleted_is_left_to_the_garbage_collector() -> None:
    going = model(metadata={"deletionTimestamp": "2026-11-22T12:00:00Z"})
    assert decide(snapshot(going)) == Decision()
    assert inquire(snapshot(going, job(MODEL, "Complete"))) == Inquiry()


def suspended(document: Object) -> Object:
    return {**document, "spec": {**document["spec"], "suspend": True}}


@pytest.mark.parametrize(
    ("document", "around"),
    [
        pytest.param(MODEL, {}, id="nothing there"),
        pytest.param(READY, {}, id="children deleted by somebody"),
        pytest.param(READY, {"refusals": {Reference.to(job(MODEL)): Refusal(Reason.Refused, "")}}, id="refused"),
    ],
)
def test_a_suspended_model_is_not_touched(document: Object, around: dict[str, Any]) -> None:
    decision = decide(snapshot(suspended(document), **around))
    assert (decision.apply, decision.delete, decision.requeue_after) == ((), (), None)
    assert conditions(decision)["Ready"] == ("False", "Suspended")
    assert not {"Reconciling", "Stalled"} & conditions(decision).keys()


def test_suspension_keeps_former_jobs_too() -> None:
    edited = suspended(model(source={"uri": "hf://org/other"}))
    assert decide(snapshot(edited, job(MODEL, "Complete"))).delete == ()


def test_a_suspended_model_that_serves_stays_ready() -> None:
    decision = decide(snapshot(suspended(READY), **served(MODEL)))
    assert conditions(decision)["Ready"] == ("True", "Suspended")
    assert "spec.suspend" in message(decision, "Ready")
    assert conditions(decision)["PredictorReady"] == ("True", "Serving")


def test_what_finishes_during_a_suspension_is_reported() -> None:
    decision = decide(snapshot(suspended(MODEL), job(MODEL, "Complete"), job_pods=succeeded()))
    assert conditions(decision)["Prepared"] == ("True", "Prepared")
    assert decision.apply == ()


def test_an_object_that_got_past_an_older_crd_is_told_so() -> None:
    decision = decide(snapshot(model(task="Clairvoyance", metadata={"generation": 7})))
    assert (decision.apply, decision.delete) == ((), ())
    assert conditions(decision) == {
        "Ready": ("False", "InvalidSpec"),
        "SourceResolved": ("Unknown", "InvalidSpec"),
        "Prepared": ("Unknown", "InvalidSpec"),
        "PredictorReady": ("Unknown", "InvalidSpec"),
        "Stalled": ("True", "InvalidSpec"),
    }
    assert "spec.task" in message(decision, "Ready")
    assert decision.status is not None
    assert decision.status.observed_generation == 7
    assert events(decision) == [("Warning", "InvalidSpec")]


def test_an_unreadable_object_keeps_what_is_known_of_it() -> None:
    broken = {**READY, "spec": {**READY["spec"], "task": "Clairvoyance"}}
    decision = decide(snapshot(broken))
    assert decision.status is not None
    assert decision.status.url == READY["status"]["url"]
    assert decision.status.artifact is not None


def test_a_status_of_another_version_is_forgotten() -> None:
    strange = {**MODEL, "status": {"phase": "Done"}}
    assert [document["kind"] for document in decide(snapshot(strange)).apply] == ["Job"]


def test_events_tell_the_way_of_a_model_once() -> None:
    first = decide(snapshot(MODEL))
    assert events(first) == [("Normal", "Preparing")]
    seen = after(first, MODEL)
    working = decide(snapshot(seen, job(MODEL, active=1, ready=1)))
    assert events(working) == []
    prepared = decide(snapshot(after(working, seen), job(MODEL, "Complete"), job_pods=succeeded()))
    assert events(prepared) == [("Normal", "Prepared"), ("Normal", "RollingOut")]
    ready = decide(snapshot(after(prepared, seen), job(MODEL, "Complete"), **served(MODEL)))
    assert events(ready) == [("Normal", "Ready")]
    steady = decide(snapshot(after(ready, seen), **served(MODEL)))
    assert events(steady) == []


def test_another_artifact_is_told_even_if_nobody_has_seen_it_being_prepared() -> None:
    """As when the operator was away, or its writes were refused, until the Job had ended."""
    edited = {**READY, "spec": {**READY["spec"], "preparation": {"maxLength": 64}}}
    other = JobPods(outcome=PREPARED.model_copy(update={"digest": "f" * 64, "path": "artifacts/f"}))
    decision = decide(snapshot(edited, job(edited, "Complete"), job_pods=other, **served(MODEL)))
    assert events(decision) == [("Normal", "Prepared"), ("Normal", "RollingOut")]


def test_a_revision_that_serves_is_told_even_if_nobody_has_seen_it_on_its_way() -> None:
    edited = {**READY, "spec": {**READY["spec"], "predictor": {"labels": {"team": "a"}}}}
    decision = decide(snapshot(edited, **served(edited)))
    assert events(decision) == [("Normal", "Ready")]


def test_failures_are_warnings_told_once() -> None:
    broken = job(MODEL, "Failed", failed=1)
    decision = decide(snapshot(MODEL, broken, job_pods=failed(FailureReason.Gated)))
    assert events(decision) == [("Warning", "Gated")]
    assert events(decide(snapshot(after(decision, MODEL), broken))) == []


def test_a_model_that_stops_serving_says_so() -> None:
    around = served(MODEL)
    around["deployment"]["status"]["availableReplicas"] = 0
    assert events(decide(snapshot(READY, **around))) == [("Warning", "ReplicasUnavailable")]


def test_replicas_that_are_only_starting_are_no_warning() -> None:
    around = served(MODEL)
    around["deployment"]["status"]["availableReplicas"] = 0
    decision = decide(snapshot(READY, **around, replica_pods=ReplicaPods(starting=True)))
    assert events(decision) == [("Normal", "RollingOut")]
    assert decision.requeue_after == timedelta(seconds=15)
    assert message(decision, "PredictorReady").startswith("0 of 1 replicas serve revision ")
    assert message(decision, "PredictorReady").endswith("; the others are starting.")


def test_suspension_and_its_end_are_told() -> None:
    decision = decide(snapshot(suspended(READY), **served(MODEL)))
    assert events(decision) == [("Normal", "Suspended")]
    resumed = {**after(decision, READY), "spec": READY["spec"]}
    assert events(decide(snapshot(resumed, **served(MODEL)))) == [("Normal", "Ready")]
