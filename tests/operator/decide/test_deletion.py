"""A model whose artifacts go with it: what holds it, in which order things end, and what lets go."""

from datetime import timedelta
from typing import Any

import pytest

from tests.operator.world import (
    NOW,
    SETTINGS,
    STORAGE,
    Object,
    after,
    claim,
    conditions,
    failed,
    job,
    message,
    model,
    service,
    snapshot,
    stored,
    succeeded,
)
from transformermodel_api.failures import FailureReason
from transformermodel_api.model import TransformerModel
from transformermodel_operator.children.removal_job import removal_job
from transformermodel_operator.decide.inquiry import Inquiry
from transformermodel_operator.decision import Decision, decide, inquire
from transformermodel_operator.objects import FINALIZER, Reference
from transformermodel_operator.pods.job_pods import JobPods
from transformermodel_operator.pods.obstacles import Obstacle
from transformermodel_operator.reasons import Reason
from transformermodel_operator.snapshot import Refusal

HELD = model(deletionPolicy="Delete", metadata={"finalizers": [FINALIZER]})
CLAIMS = {"models": claim("models")}


def going(of: Object = HELD, **annotations: str) -> Object:
    """A model with an artifact, deleted."""
    prepared = after(decide(snapshot(of, job(of, "Complete"), job_pods=succeeded())), of)
    prepared["metadata"] |= {"deletionTimestamp": "2026-11-22T12:00:00Z", "annotations": annotations}
    return prepared


def removal(of: Object, *conditions: str, **status: Any) -> Object:
    """The Job that removes a model's artifacts."""
    found = stored(removal_job(TransformerModel.read({**of, "status": None}), STORAGE, SETTINGS))
    ended = NOW.isoformat()
    found["status"] = {
        "conditions": [{"type": kind, "status": "True", "lastTransitionTime": ended} for kind in conditions],
        **status,
    }
    return found


def events(decision: Decision) -> list[str]:
    return [event.reason.value for event in decision.events]


def test_the_finalizer_is_set_before_anything_is_made_and_taken_away_when_it_is_not_wanted() -> None:
    assert decide(snapshot(model(deletionPolicy="Delete"))).finalizer is True
    assert decide(snapshot(HELD)).finalizer is None
    assert decide(snapshot(model())).finalizer is None
    assert decide(snapshot(model(metadata={"finalizers": [FINALIZER, "other"]}))).finalizer is False


def test_a_suspended_model_is_held_too() -> None:
    assert decide(snapshot(model(deletionPolicy="Delete", suspend=True))).finalizer is True


def test_what_uses_the_artifacts_ends_first() -> None:
    document = going()
    preparation, serving = job(HELD, active=1), service(HELD)
    decision = decide(snapshot(document, preparation, service=serving, deployment={}, claims=CLAIMS))
    assert {found["kind"] for found in decision.delete} == {"Job", "InferenceService"}
    assert (decision.apply, decision.finalizer) == ((), None)
    assert conditions(decision)["Ready"] == ("False", "Removing")
    serving["metadata"]["deletionTimestamp"] = "2026-11-22T12:00:01Z"
    waiting = decide(snapshot(document, service=serving, deployment={}, claims=CLAIMS))
    assert (waiting.delete, waiting.apply) == ((), ())


def test_what_its_preparation_writes_ends_before_a_model_goes_that_has_no_artifact_yet() -> None:
    document: Object = {**HELD, "metadata": {**HELD["metadata"], "deletionTimestamp": "x"}}
    at_work = job(HELD, active=1)
    decision = decide(snapshot(document, at_work, claims=CLAIMS))
    assert [found["metadata"]["name"] for found in decision.delete] == [at_work["metadata"]["name"]]
    assert decision.finalizer is None


def test_replicas_that_are_still_there_are_waited_for() -> None:
    decision = decide(snapshot(going(), deployment={}, claims=CLAIMS))
    assert (decision.apply, decision.delete, decision.finalizer) == ((), (), None)


def test_somebody_elses_service_of_the_name_is_left_alone() -> None:
    foreign = service(HELD)
    foreign["metadata"]["ownerReferences"] = []
    decision = decide(snapshot(going(), service=foreign, claims=CLAIMS))
    assert decision.delete == ()
    assert [found["kind"] for found in decision.apply] == ["Job"]


def test_then_a_job_removes_the_artifacts_and_the_model_goes() -> None:
    document = going()
    decision = decide(snapshot(document, claims=CLAIMS))
    (made,) = decision.apply
    assert made["metadata"]["name"] == removal(document)["metadata"]["name"]
    container = made["spec"]["template"]["spec"]["containers"][0]
    assert container["command"][-3:] == ["--forget", "default/team/sentiment", "--only-forgotten"]
    reported = after(decision, document)
    at_work = decide(snapshot(reported, removal(document, active=1, ready=1), claims=CLAIMS))
    assert (at_work.apply, at_work.delete, at_work.finalizer) == ((), (), None)
    done = decide(snapshot(after(at_work, reported), removal(document, "Complete"), claims=CLAIMS))
    assert done.finalizer is False
    assert events(done) == ["ArtifactsRemoved"]


def test_the_other_conditions_stay_what_they_were() -> None:
    decision = decide(snapshot(going(), claims=CLAIMS))
    assert conditions(decision)["Prepared"] == ("True", "Prepared")
    assert conditions(decision)["Reconciling"] == ("True", "Removing")


IS_GOING = Refusal(Reason.Refused, "jobs are forbidden: namespace team is being terminated")


@pytest.mark.parametrize(
    ("document", "around", "told"),
    [
        pytest.param(going(), {"claims": {"models": None}}, ["ArtifactsLeft"], id="the claim is gone"),
        pytest.param(
            going(), {"claims": {"models": claim("models", deletionTimestamp="x")}}, ["ArtifactsLeft"], id="it is going"
        ),
        pytest.param(
            going(**{"transformermodel.dev/leave-artifacts": "true"}), {}, ["ArtifactsLeft"], id="somebody says so"
        ),
        pytest.param(
            going(), {"refusals": {Reference.to(removal(HELD)): IS_GOING}}, ["ArtifactsLeft"], id="the namespace goes"
        ),
        pytest.param(going(model(metadata={"finalizers": [FINALIZER]})), {}, [], id="Retain after all"),
        pytest.param(
            {**HELD, "metadata": {**HELD["metadata"], "deletionTimestamp": "x"}}, {}, [], id="nothing was prepared"
        ),
        pytest.param({**going(), "spec": {"task": "Nonsense"}}, {}, [], id="cannot be read"),
    ],
)
def test_nothing_holds_a_model_for_good(document: Object, around: dict[str, Any], told: list[str]) -> None:
    decision = decide(snapshot(document, **around))
    assert decision.finalizer is False
    assert [reason for reason in events(decision) if reason.startswith("Artifacts")] == told
    assert decision.apply == ()


def test_a_store_that_is_gone_lets_go() -> None:
    missing = failed(FailureReason.NotFound)
    decision = decide(snapshot(going(), removal(HELD, "Failed"), job_pods=missing, claims=CLAIMS))
    assert decision.finalizer is False
    assert "ArtifactsLeft" in events(decision)


def test_a_failure_says_how_to_let_go_and_is_tried_again_after_a_while() -> None:
    document, refused = going(), failed(FailureReason.Unauthorized)
    decision = decide(snapshot(document, removal(HELD, "Failed"), job_pods=refused, claims=CLAIMS))
    assert conditions(decision)["Ready"] == ("False", "RemovalFailed")
    assert "transformermodel.dev/leave-artifacts=true" in message(decision, "Ready")
    assert (decision.finalizer, decision.delete, decision.requeue_after) == (None, (), timedelta(minutes=10))
    later = NOW + timedelta(minutes=10)
    again = decide(snapshot(document, removal(HELD, "Failed"), job_pods=refused, claims=CLAIMS, now=later))
    assert [found["kind"] for found in again.delete] == ["Job"]
    assert again.requeue_after is None
    last = removal(HELD, "Failed")
    last["metadata"]["deletionTimestamp"] = "2026-11-22T12:10:00Z"
    leaving = decide(snapshot(document, last, job_pods=refused, claims=CLAIMS, now=later))
    assert (leaving.apply, leaving.delete) == ((), ())
    assert "of before is being removed" in message(leaving, "Ready")


def test_a_removal_that_runs_has_nothing_in_its_way_whatever_came_before() -> None:
    evicted = JobPods(disruption=Obstacle(Reason.Evicted, "Evicted: The node was low on memory"))
    decision = decide(snapshot(going(), removal(HELD, active=1, ready=1), job_pods=evicted, claims=CLAIMS))
    assert conditions(decision)["Ready"] == ("False", "Removing")
    assert decision.requeue_after is None


def test_a_removal_that_cannot_begin_says_why() -> None:
    stuck = JobPods(obstacle=Obstacle(Reason.SecretMissing, 'secret "key" not found'))
    decision = decide(snapshot(going(), removal(HELD, active=1), job_pods=stuck, claims=CLAIMS))
    assert conditions(decision)["Ready"] == ("False", "RemovalFailed")
    assert 'secret "key" not found' in message(decision, "Ready")
    assert decision.requeue_after == timedelta(seconds=15)


def test_what_is_asked_is_the_claim_and_the_pods_of_the_removal() -> None:
    assert inquire(snapshot(going())) == Inquiry(claims=("models",))
    reference = Reference.to(removal(HELD))
    assert inquire(snapshot(going(), removal(HELD, active=1))) == Inquiry(job=reference, claims=("models",))
    assert inquire(snapshot(going(), removal(HELD, "Failed"))).finished


def test_a_model_of_the_same_name_waits_for_what_the_former_left_to_go() -> None:
    leftover = job(HELD, "Complete")
    leftover["metadata"]["ownerReferences"][0]["uid"] = "uid-of-the-former"
    same_input = model()
    decision = decide(snapshot(same_input, leftover))
    assert (decision.apply, decision.delete) == ((), ())
    assert "of before is being removed" in message(decision, "Prepared")
