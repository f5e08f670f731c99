"""Which Job there should be, and what is known of the preparation."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.operator.world import (
    ARTIFACT,
    NOW,
    PREPARED,
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
    served,
    service,
    snapshot,
    succeeded,
)
from transformermodel_api.contract import PreparationProgress
from transformermodel_api.failures import FailureReason
from transformermodel_api.status import PreparationStatus
from transformermodel_operator.decide.inquiry import Inquiry
from transformermodel_operator.decision import Decision, decide, inquire
from transformermodel_operator.objects import DEPLOYMENT, DISRUPTION_BUDGET, INFERENCE_SERVICE, Kind, Reference
from transformermodel_operator.pods.job_pods import JobPods
from transformermodel_operator.pods.obstacles import Obstacle
from transformermodel_operator.reasons import Reason
from transformermodel_operator.settings import Settings
from transformermodel_operator.snapshot import Refusal

MODEL = model()


def prepared() -> Object:
    """A model whose preparation has been reported, and whose Job may be gone."""
    return after(decide(snapshot(MODEL, job(MODEL, "Complete"), job_pods=succeeded())), MODEL)


def names(documents: Any) -> list[str]:
    return [document["metadata"]["name"] for document in documents]


def jobs_of(decision: Decision) -> list[str]:
    return [document["metadata"]["name"] for document in decision.apply if document["kind"] == "Job"]


def test_at_first_a_job_is_made_and_all_conditions_are_there() -> None:
    decision = decide(snapshot(MODEL))
    assert jobs_of(decision) == names([job(MODEL)])
    assert conditions(decision) == {
        "Ready": ("False", "Preparing"),
        "SourceResolved": ("Unknown", "Preparing"),
        "Prepared": ("False", "Preparing"),
        "PredictorReady": ("False", "NothingToServe"),
        "Reconciling": ("True", "Preparing"),
    }
    assert decision.status is not None
    assert decision.status.observed_generation == 1
    assert decision.status.preparation is not None
    assert decision.status.preparation.job == names([job(MODEL)])[0]


def test_a_job_at_work_is_left_alone() -> None:
    decision = decide(snapshot(MODEL, job(MODEL, active=1, ready=1)))
    assert (decision.apply, decision.delete, decision.requeue_after) == ((), (), None)
    assert conditions(decision)["Prepared"] == ("False", "Preparing")


def test_a_job_that_was_changed_by_somebody_is_repaired() -> None:
    changed = job(MODEL, active=1, ready=1)
    changed["spec"]["activeDeadlineSeconds"] = 1
    assert jobs_of(decide(snapshot(MODEL, changed))) == names([changed])


def test_success_is_taken_from_the_jobs_pods() -> None:
    decision = decide(snapshot(MODEL, job(MODEL, "Complete"), job_pods=succeeded()))
    assert conditions(decision)["SourceResolved"] == ("True", "Resolved")
    assert conditions(decision)["Prepared"] == ("True", "Prepared")
    assert decision.status is not None
    assert decision.status.commit == PREPARED.commit
    assert decision.status.artifact == ARTIFACT


@pytest.mark.parametrize(
    ("commit", "shown"),
    [
        ("714eb0fa89d2f80546fda750413ed43d93601a13", "714eb0f"),  # of a hub
        ("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "e3b0c44"),  # of a folder
        ("1.2.0", "1.2.0"),  # of a package
        ("0x8DC5A1F3B2C4E60", "0x8DC5A1F3B2C4E60"),  # a server's tag
    ],
)
def test_status_keeps_the_whole_commit_and_one_for_people(commit: str, shown: str) -> None:
    outcome = PREPARED.model_copy(update={"commit": commit})
    decision = decide(snapshot(MODEL, job(MODEL, "Complete"), job_pods=JobPods(outcome=outcome)))
    assert decision.status is not None
    assert (decision.status.commit, decision.status.short_commit) == (commit, shown)


def test_what_is_reported_as_prepared_is_not_prepared_again_when_the_job_is_gone() -> None:
    decision = decide(snapshot(prepared(), **served(MODEL)))
    assert decision.apply == ()
    assert conditions(decision)["Ready"] == ("True", "Ready")
    assert inquire(snapshot(prepared(), job(MODEL, "Complete"))) == Inquiry()


def test_a_job_that_was_deleted_before_its_outcome_was_reported_is_made_again() -> None:
    under_way = after(decide(snapshot(MODEL, job(MODEL, active=1))), MODEL)
    assert jobs_of(decide(snapshot(under_way))) == names([job(MODEL)])


def test_another_request_makes_another_job_removes_the_former_one_and_keeps_serving() -> None:
    edited = model(metadata={"generation": 2}, source={"uri": "hf://org/name", "revision": "v2"})
    edited["status"] = prepared()["status"]
    decision = decide(snapshot(edited, job(MODEL, "Complete"), **served(MODEL)))
    assert jobs_of(decision) == names([job(edited)])
    assert names(decision.delete) == names([job(MODEL)])
    assert decision.status is not None
    assert decision.status.artifact == ARTIFACT
    assert decision.status.url is not None
    assert conditions(decision) == {
        "Ready": ("False", "Preparing"),
        "SourceResolved": ("Unknown", "Preparing"),
        "Prepared": ("False", "Preparing"),
        "PredictorReady": ("True", "Serving"),
        "Reconciling": ("True", "Preparing"),
    }
    assert "of an earlier spec serves on" in message(decision, "Ready")


def test_nothing_is_said_to_serve_on_where_it_does_not() -> None:
    edited = model(metadata={"generation": 2}, source={"uri": "hf://org/name", "revision": "v2"})
    edited["status"] = prepared()["status"]
    around = served(MODEL)
    around["deployment"]["status"]["availableReplicas"] = 0
    assert "serves on" not in message(decide(snapshot(edited, **around)), "Ready")


def test_a_new_preparation_can_be_asked_for() -> None:
    asked = prepared()
    asked["metadata"]["annotations"] = {"transformermodel.dev/requested-at": "2026-11-22"}
    decision = decide(snapshot(asked, job(MODEL, "Complete"), **served(MODEL)))
    assert jobs_of(decision) == names([job(asked)])
    assert names(decision.delete) == names([job(MODEL)])


ABOUT_THE_SOURCE = {"NotFound", "Gated", "Unauthorized", "RateLimited", "Unreachable"}


@pytest.mark.parametrize("reason", FailureReason)
def test_a_failure_is_reported_by_its_class(reason: FailureReason) -> None:
    decision = decide(snapshot(MODEL, job(MODEL, "Failed", failed=4), job_pods=failed(reason)))
    found = conditions(decision)
    assert found["Prepared"] == ("False", reason.name)
    assert found["Ready"] == ("False", reason.name)
    assert found["SourceResolved"] == ("False" if reason.name in ABOUT_THE_SOURCE else "Unknown", reason.name)
    assert ("Stalled" in found) is not reason.transient
    assert ("Reconciling" in found) is reason.transient
    assert reason.remedy in message(decision, "Prepared")
    assert decision.apply == ()


@pytest.mark.parametrize("reason", [FailureReason.GoldenAnswerMismatch, FailureReason.Unauthorized])
def test_a_source_that_was_found_is_resolved_whatever_fails_later(reason: FailureReason) -> None:
    broken = job(MODEL, "Failed", failed=4)
    decision = decide(snapshot(MODEL, broken, job_pods=failed(reason, commit="c0ffee")))
    assert conditions(decision)["SourceResolved"] == ("True", "Resolved")
    assert conditions(decision)["Ready"] == conditions(decision)["Prepared"] == ("False", reason.name)
    assert message(decision, "SourceResolved") == "The source is at c0ffee."
    assert decision.status is not None
    assert decision.status.commit is None, "it is that of the artifact"
    without_pods = decide(snapshot(after(decision, MODEL), broken))
    assert without_pods.status == decision.status


def test_how_long_a_job_had_to_go_is_not_told_when_it_has_failed() -> None:
    progress = PreparationProgress(step="Acquire", percent=31, remaining_seconds=7)
    at_work = after(decide(snapshot(MODEL, job(MODEL, active=1, ready=1), progress=progress)), MODEL)
    decision = decide(snapshot(at_work, job(MODEL, "Failed"), job_pods=failed(FailureReason.Unreachable)))
    assert decision.status is not None
    assert decision.status.preparation is not None
    assert (decision.status.preparation.percent, decision.status.preparation.remaining_seconds) == (31, None)


def test_that_it_is_prepared_is_not_believed_without_an_artifact() -> None:
    lost = prepared()
    del lost["status"]["artifact"]
    assert jobs_of(decide(snapshot(lost, claims={"models": claim("models")}))) == names([job(MODEL)])


def test_a_failure_that_may_pass_is_tried_again_after_a_while() -> None:
    broken, pods = job(MODEL, "Failed", failed=4), failed(FailureReason.Unreachable)
    soon = decide(snapshot(MODEL, broken, job_pods=pods, now=NOW + timedelta(minutes=4)))
    assert soon.delete == ()
    assert soon.requeue_after == timedelta(minutes=6)
    late = decide(snapshot(after(soon, MODEL), broken, now=NOW + timedelta(minutes=10)))
    assert names(late.delete) == names([broken])
    assert conditions(late)["Prepared"] == ("False", "Preparing")
    assert "Unreachable" in message(late, "Prepared")


def test_a_lasting_failure_stays_and_is_not_asked_for_again() -> None:
    broken = job(MODEL, "Failed", failed=1)
    reported = after(decide(snapshot(MODEL, broken, job_pods=failed(FailureReason.Gated))), MODEL)
    again = snapshot(reported, broken, now=NOW + timedelta(days=1))
    assert inquire(again) == Inquiry()
    assert decide(again).status == decide(snapshot(reported, broken)).status
    assert (decide(again).delete, decide(again).requeue_after) == ((), None)


@pytest.mark.parametrize("state", ["Failed", None])
def test_a_failed_or_unfinished_job_with_other_settings_starts_anew(state: str | None) -> None:
    reported = after(decide(snapshot(MODEL, job(MODEL, "Failed"), job_pods=failed(FailureReason.OutOfMemory))), MODEL)
    edited = {**model(preparation={"resources": {"limits": {"memory": "8Gi"}}}), "status": reported["status"]}
    former = job(MODEL, *([state] if state else []))
    decision = decide(snapshot(edited, former))
    assert names(decision.delete) == names([former])
    assert conditions(decision)["Prepared"] == ("False", "Preparing")
    assert jobs_of(decide(snapshot(after(decision, edited)))) == names([former])


def test_a_successful_job_with_other_settings_stays() -> None:
    edited = {**model(preparation={"deadlineSeconds": 60}), "status": prepared()["status"]}
    decision = decide(snapshot(edited, job(MODEL, "Complete"), **served(MODEL)))
    assert (decision.apply, decision.delete) == ((), ())


def test_a_deadline_is_told_by_the_job_itself() -> None:
    late = job(MODEL)
    late["status"]["conditions"] = [
        {"type": "Failed", "status": "True", "reason": "DeadlineExceeded", "lastTransitionTime": NOW.isoformat()}
    ]
    decision = decide(snapshot(MODEL, late, job_pods=JobPods()))
    assert conditions(decision)["Prepared"] == ("False", "DeadlineExceeded")
    assert "spec.preparation.deadlineSeconds" in message(decision, "Prepared")


def test_success_without_an_outcome_is_not_believed() -> None:
    decision = decide(snapshot(MODEL, job(MODEL, "Complete"), job_pods=JobPods()))
    assert conditions(decision)["Prepared"] == ("False", "Internal")
    assert "Stalled" in conditions(decision)
    assert "Delete the Job" in message(decision, "Prepared")


@pytest.mark.parametrize(
    ("state", "asked"),
    [
        pytest.param(job(MODEL, "Complete"), True, id="complete"),
        pytest.param(job(MODEL, "Failed"), True, id="failed"),
        pytest.param(job(MODEL, active=1, ready=0, failed=1), True, id="a pod has failed"),
        pytest.param(job(MODEL, active=1, ready=1), False, id="at work"),
        pytest.param(job(MODEL, active=1, ready=0), False, id="just begun"),
        pytest.param(job(MODEL, active=1, created=NOW - timedelta(seconds=15)), True, id="does not begin"),
    ],
)
def test_pods_are_asked_only_where_they_have_something_to_tell(state: Object, asked: bool) -> None:
    assert (inquire(snapshot(MODEL, state)).job is not None) is asked


def test_a_job_that_does_not_begin_says_what_it_waits_for_and_is_looked_at_again() -> None:
    pods = JobPods(obstacle=Obstacle(Reason.Unschedulable, "Unschedulable: no node is big enough"))
    decision = decide(snapshot(MODEL, job(MODEL, active=1), job_pods=pods))
    assert conditions(decision)["Ready"] == ("False", "Unschedulable")
    assert conditions(decision)["Reconciling"] == ("True", "Unschedulable")
    assert "waits: Unschedulable: no node is big enough. No node takes" in message(decision, "Ready")
    assert decision.requeue_after == timedelta(seconds=15)


def test_failed_attempts_are_counted_while_the_job_goes_on() -> None:
    state = job(MODEL, active=1, ready=1, failed=2)
    decision = decide(snapshot(MODEL, state, job_pods=failed(FailureReason.RateLimited)))
    assert "attempt 3 of 4 after RateLimited" in message(decision, "Prepared")


def test_without_storage_nothing_is_prepared_and_the_remedy_is_told() -> None:
    decision = decide(snapshot(model(storage=None)))
    assert decision.apply == ()
    assert conditions(decision)["Prepared"] == ("False", "StorageMissing")
    assert conditions(decision)["Stalled"] == ("True", "StorageMissing")
    assert "spec.storage.uri" in message(decision, "Ready")


def test_a_foreign_job_of_the_name_is_left_alone() -> None:
    foreign = job(MODEL)
    del foreign["metadata"]["ownerReferences"]
    decision = decide(snapshot(MODEL, foreign))
    assert (decision.apply, decision.delete) == ((), ())
    assert conditions(decision)["Stalled"] == ("True", "NameTaken")
    assert f"Job team/{foreign['metadata']['name']}" in message(decision, "Ready")


def test_nothing_is_prepared_that_somebody_elses_service_would_keep_from_serving() -> None:
    foreign = service(MODEL)
    foreign["metadata"]["ownerReferences"] = []
    decision = decide(snapshot(MODEL, service=foreign))
    assert (decision.apply, decision.delete, decision.requeue_after) == ((), (), timedelta(minutes=1))
    assert conditions(decision)["Prepared"] == ("False", "NameTaken")
    assert conditions(decision)["Stalled"] == ("True", "NameTaken")
    assert message(decision, "Ready") == (
        "InferenceService team/sentiment exists already and does not belong to this model, so it is left alone. Rename "
        "or delete it, or give the TransformerModel sentiment another name."
    )


def test_a_service_of_its_own_or_of_a_former_model_of_the_name_keeps_nobody_from_preparing() -> None:
    leftover = service(MODEL)
    leftover["metadata"]["ownerReferences"][0]["uid"] = "uid-of-a-former-model"
    for found in (service(MODEL), leftover):
        assert jobs_of(decide(snapshot(MODEL, service=found))) == names([job(MODEL)])


def test_whose_the_service_is_is_asked_before_a_job_begins_and_only_then() -> None:
    assert inquire(snapshot(MODEL)).service == Reference(INFERENCE_SERVICE, "team", "sentiment")
    assert inquire(snapshot(MODEL, service=service(MODEL))).service is None
    assert inquire(snapshot(MODEL, kserve_installed=False)).service is None
    assert inquire(snapshot(MODEL, job(MODEL, active=1, ready=1))).service is None


def predictor(kind: Kind) -> Reference:
    return Reference(kind, "team", "sentiment-predictor")


def owned_by(kind: str, name: str) -> Object:
    owner = {"kind": kind, "name": name, "uid": "uid-of-its-owner", "controller": True}
    return {"metadata": {"ownerReferences": [owner]}}


@pytest.mark.parametrize(
    "foreign",
    [
        pytest.param({"metadata": {}}, id="of nobody"),
        pytest.param(owned_by("TransformerModel", "sentiment"), id="not KServe's"),
        pytest.param(owned_by("InferenceService", "another"), id="of another service"),
    ],
)
def test_nothing_is_prepared_that_somebody_elses_deployment_would_keep_from_serving(foreign: Object) -> None:
    decision = decide(snapshot(MODEL, namesakes={predictor(DEPLOYMENT): foreign}))
    assert (decision.apply, decision.delete, decision.requeue_after) == ((), (), timedelta(minutes=1))
    assert conditions(decision)["Prepared"] == ("False", "NameTaken")
    assert conditions(decision)["Stalled"] == ("True", "NameTaken")
    assert message(decision, "Ready").startswith("Deployment team/sentiment-predictor exists already and does not")


def test_a_deployment_of_its_own_service_that_has_lost_its_label_keeps_nobody_from_preparing() -> None:
    found = owned_by("InferenceService", "sentiment")
    assert jobs_of(decide(snapshot(MODEL, namesakes={predictor(DEPLOYMENT): found}))) == names([job(MODEL)])


def test_somebody_elses_disruption_budget_is_told_before_anything_is_prepared() -> None:
    """It is no reason to refuse: the model is served without one."""
    wide, around = model(predictor={"minReplicas": 2}), {"namesakes": {predictor(DISRUPTION_BUDGET): {"metadata": {}}}}
    decision = decide(snapshot(wide, **around))
    assert jobs_of(decision) == names([job(wide)])
    (told,) = (event for event in decision.events if event.reason is Reason.NameTaken)
    assert told.message.startswith("PodDisruptionBudget team/sentiment-predictor exists already and does not")
    assert Reason.NameTaken not in {event.reason for event in decide(snapshot(MODEL, **around)).events}


def test_whose_the_names_of_the_predictor_are_is_asked_before_a_job_begins_and_only_then() -> None:
    wide = model(predictor={"minReplicas": 2})
    assert inquire(snapshot(MODEL)).namesakes == (predictor(DEPLOYMENT),)
    assert inquire(snapshot(wide)).namesakes == (predictor(DEPLOYMENT), predictor(DISRUPTION_BUDGET))
    assert inquire(snapshot(wide, **served(wide))).namesakes == (predictor(DISRUPTION_BUDGET),)
    assert inquire(snapshot(MODEL, kserve_installed=False)).namesakes == ()
    assert inquire(snapshot(MODEL, job(MODEL, active=1, ready=1))).namesakes == ()


def test_foreign_jobs_of_other_names_are_not_removed() -> None:
    foreign = job(model(source={"uri": "hf://org/other"}))
    foreign["metadata"]["ownerReferences"][0]["uid"] = "somebody-else"
    assert decide(snapshot(MODEL, foreign)).delete == ()


@pytest.mark.parametrize("change", [{"deletionTimestamp": "2026-11-22T11:00:00Z"}, {"owner": "uid-of-a-former-model"}])
def test_what_is_about_to_go_is_waited_for(change: dict[str, str]) -> None:
    going = job(MODEL, "Complete")
    owner = change.pop("owner", None)
    if owner is not None:
        going["metadata"]["ownerReferences"][0]["uid"] = owner
    going["metadata"] |= change
    decision = decide(snapshot(MODEL, going))
    assert (decision.apply, decision.delete) == ((), ())
    assert conditions(decision)["Reconciling"] == ("True", "Preparing")
    assert inquire(snapshot(MODEL, going)) == Inquiry()


def test_a_refused_job_is_reported_and_tried_again() -> None:
    reference = Reference.to(job(MODEL))
    refusals = {reference: Refusal(Reason.Refused, "quota exceeded")}
    decision = decide(snapshot(MODEL, refusals=refusals))
    assert decision.apply == ()
    assert conditions(decision)["Prepared"] == ("False", "Refused")
    assert message(decision, "Prepared") == "quota exceeded"
    assert decision.requeue_after == timedelta(minutes=1)


def test_storage_is_the_operators_default_where_the_spec_has_none() -> None:
    settings = Settings(**{**vars(SETTINGS), "default_storage": str(STORAGE)})
    assert jobs_of(decide(snapshot(model(storage=None), settings=settings))) == names([job(MODEL)])


def again(decision: Decision) -> Object:
    """The model as the next decision finds it."""
    return after(decision, MODEL)


def of_attempt(number: int, *conditions: str, **status: Any) -> Object:
    found = job(MODEL, *conditions, **status)
    found["metadata"]["annotations"]["transformermodel.dev/attempt"] = str(number)
    return found


def test_failures_are_counted_in_the_jobs_themselves_and_each_waits_twice_as_long() -> None:
    document, pods = MODEL, failed(FailureReason.Unreachable)
    for number, minutes in enumerate((10, 20, 40, 80, 160, 320, 360, 360), start=1):
        broken = of_attempt(number, "Failed")
        first = decide(snapshot(document, broken, job_pods=pods))
        assert first.status is not None
        assert first.status.preparation is not None
        assert first.status.preparation.failures == number
        assert first.requeue_after == timedelta(minutes=minutes)
        assert first.delete == ()
        then = NOW + timedelta(minutes=minutes)
        over = decide(snapshot(again(first), broken, now=then))
        assert names(over.delete) == names([broken])
        (made,) = decide(snapshot(again(over), now=then)).apply
        assert made["metadata"]["annotations"]["transformermodel.dev/attempt"] == str(number + 1)
        document = again(over)


def test_an_interruption_between_the_end_of_a_job_and_the_next_does_not_lose_the_count() -> None:
    counted = again(decide(snapshot(MODEL, of_attempt(3, "Failed"), job_pods=failed(FailureReason.Unreachable))))
    (made,) = decide(snapshot(counted)).apply
    assert made["metadata"]["annotations"]["transformermodel.dev/attempt"] == "4"


def test_a_failure_is_reported_before_its_job_goes_however_late_it_is_seen() -> None:
    late = NOW + timedelta(days=1)
    decision = decide(snapshot(MODEL, job(MODEL, "Failed"), job_pods=failed(FailureReason.Unreachable), now=late))
    assert decision.delete == ()
    assert conditions(decision)["Prepared"] == ("False", "Unreachable")
    assert decision.requeue_after == timedelta(0)


def test_another_input_begins_to_count_anew() -> None:
    counted = again(decide(snapshot(MODEL, of_attempt(3, "Failed"), job_pods=failed(FailureReason.Unreachable))))
    edited = {**model(source={"uri": "hf://org/other"}), "status": counted["status"]}
    (made,) = decide(snapshot(edited)).apply
    assert made["metadata"]["annotations"]["transformermodel.dev/attempt"] == "1"


def test_progress_is_told_and_stays_while_the_log_is_not_read() -> None:
    at_work = job(MODEL, active=1, ready=1)
    progress = PreparationProgress(
        step="Acquire", percent=31, bytes_done=5, bytes_total=10, bytes_free=9, remaining_seconds=7
    )
    told = decide(snapshot(MODEL, at_work, progress=progress))
    assert told.status is not None
    assert told.status.preparation == PreparationStatus(
        job=names([at_work])[0],
        step="Acquire",
        percent=31,
        bytes_done=5,
        bytes_total=10,
        bytes_free=9,
        remaining_seconds=7,
    )
    assert decide(snapshot(again(told), at_work)).status == told.status
    assert inquire(snapshot(MODEL, at_work)).running == Reference.to(at_work)


def test_an_ended_preparation_is_wholly_done() -> None:
    decision = decide(snapshot(MODEL, job(MODEL, "Complete"), job_pods=succeeded()))
    assert decision.status is not None
    assert decision.status.preparation == PreparationStatus(job=names([job(MODEL)])[0], percent=100)


def test_a_pod_that_was_evicted_is_told_while_the_next_one_is_waited_for() -> None:
    pods = JobPods(disruption=Obstacle(Reason.Evicted, "Evicted: The node was low on memory"))
    decision = decide(snapshot(MODEL, job(MODEL, active=1), job_pods=pods))
    assert conditions(decision)["Prepared"] == ("False", "Evicted")
    running = decide(snapshot(again(decision), job(MODEL, active=1, ready=1), job_pods=pods))
    assert conditions(running)["Prepared"] == ("False", "Preparing")


def test_a_deadline_that_passed_while_the_job_waited_says_what_for() -> None:
    stuck = JobPods(obstacle=Obstacle(Reason.ImagePullFailed, "no such image"))
    waiting = again(decide(snapshot(MODEL, job(MODEL, active=1), job_pods=stuck)))
    late = job(MODEL, "Failed")
    late["status"]["conditions"][0]["reason"] = "DeadlineExceeded"
    decision = decide(snapshot(waiting, late, job_pods=JobPods()))
    assert conditions(decision)["Prepared"] == ("False", "DeadlineExceeded")
    assert "no such image" in message(decision, "Prepared")


@pytest.mark.parametrize(("hours", "seconds"), [(0, 15), (0.1, 45), (1, 300), (100, 300)])
def test_a_job_that_waits_for_long_is_looked_at_seldom(hours: float, seconds: int) -> None:
    waiting = job(MODEL, active=1, created=NOW - timedelta(hours=hours))
    assert decide(snapshot(MODEL, waiting, job_pods=JobPods())).requeue_after == timedelta(seconds=seconds)


def test_the_end_of_the_log_is_kept_in_the_event() -> None:
    pods = replace(failed(FailureReason.WeightsMismatch), log="building\nno head")
    decision = decide(snapshot(MODEL, job(MODEL, "Failed"), job_pods=pods))
    (event,) = [event for event in decision.events if event.reason == "WeightsMismatch"]
    assert event.message.endswith("The log ended with:\nbuilding\nno head")
    assert "building" not in message(decision, "Prepared")


def test_golden_answers_that_do_not_come_leave_what_served_before() -> None:
    edited = {**model(tests=[{"input": {"text": "x"}, "expect": {"label": "A"}}]), "status": prepared()["status"]}
    wrong = failed(FailureReason.GoldenAnswerMismatch)
    decision = decide(snapshot(edited, job(edited, "Failed"), job_pods=wrong, **served(MODEL)))
    assert conditions(decision)["Prepared"] == ("False", "GoldenAnswerMismatch")
    assert conditions(decision)["PredictorReady"] == ("True", "Serving")
    assert conditions(decision)["Stalled"] == ("True", "GoldenAnswerMismatch")
    assert decision.apply == ()
    assert decision.status is not None
    assert decision.status.artifact == ARTIFACT


def test_claims_are_looked_for_before_a_job_is_made() -> None:
    on_claims = model(source={"uri": "pvc://checkpoints/bert"})
    assert inquire(snapshot(on_claims)).claims == ("checkpoints", "models")
    assert inquire(snapshot(model(storage={"uri": "s3://bucket"}))).claims == ()
    assert inquire(snapshot(prepared())) == Inquiry()
    assert inquire(snapshot(model(suspend=True))) == Inquiry()


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        pytest.param(None, "ClaimMissing", id="not there"),
        pytest.param(claim("models", phase="Lost"), "ClaimLost", id="its volume is gone"),
        pytest.param(claim("models", deletionTimestamp="2026-11-22T11:00:00Z"), "ClaimLost", id="is going"),
        pytest.param(claim("models", modes=("ReadOnlyMany",)), "ClaimAccessMode", id="cannot be written to"),
        pytest.param(claim("models", modes=("ReadWriteOncePod",)), "ClaimAccessMode", id="is for one pod"),
    ],
)
def test_a_claim_that_is_of_no_use_holds_the_job_up(found: Object | None, reason: str) -> None:
    decision = decide(snapshot(MODEL, claims={"models": found}))
    assert decision.apply == ()
    assert conditions(decision)["Prepared"] == ("False", reason)
    assert conditions(decision)["Stalled"] == ("True", reason)
    assert "PersistentVolumeClaim models" in message(decision, "Ready")
    assert decision.requeue_after == timedelta(minutes=1)
    assert jobs_of(decide(snapshot(again(decision), claims={"models": claim("models")}))) == names([job(MODEL)])


@pytest.mark.parametrize("phase", ["Bound", "Pending"])
def test_a_claim_that_is_bound_or_waits_for_its_first_consumer_is_enough(phase: str) -> None:
    found = claim("models", phase=phase, modes=("ReadWriteOnce",))
    assert jobs_of(decide(snapshot(MODEL, claims={"models": found}))) == names([job(MODEL)])


def removed_in_time(reason: FailureReason, number: int = 1, **spec: Any) -> Object:
    """A model whose failed Job Kubernetes has removed, `ttlSecondsAfterFinished` after its end."""
    document = model(preparation={"ttlSecondsAfterFinished": 600}, **spec)
    broken = job(document, "Failed")
    broken["metadata"]["annotations"]["transformermodel.dev/attempt"] = str(number)
    return after(decide(snapshot(document, broken, job_pods=failed(reason))), document)


def test_a_lasting_failure_waits_for_somebody_although_its_job_goes_in_its_time() -> None:
    reported = removed_in_time(FailureReason.Gated)
    for minutes in (9, 10, 60 * 24 * 30):
        decision = decide(snapshot(reported, now=NOW + timedelta(minutes=minutes)))
        assert (decision.apply, decision.requeue_after) == ((), None)
        assert decision.status == decide(snapshot(reported, now=NOW + timedelta(minutes=10))).status
    assert conditions(decision)["Stalled"] == ("True", "Gated")


def test_who_deletes_a_failed_job_before_its_time_asks_for_another() -> None:
    reported = removed_in_time(FailureReason.Gated)
    assert len(jobs_of(decide(snapshot(reported, now=NOW + timedelta(minutes=8))))) == 1


def test_an_edit_begins_anew_although_the_failed_job_is_gone() -> None:
    edited = removed_in_time(FailureReason.OutOfMemory)
    edited["metadata"]["generation"] += 1
    edited["spec"]["preparation"]["resources"] = {"limits": {"memory": "8Gi"}}
    assert len(jobs_of(decide(snapshot(edited, now=NOW + timedelta(days=1))))) == 1


def test_a_failure_that_may_pass_keeps_its_pause_although_its_job_goes_before() -> None:
    reported = removed_in_time(FailureReason.Unreachable, number=3)
    waits = decide(snapshot(reported, now=NOW + timedelta(minutes=15)))
    assert (waits.apply, waits.requeue_after) == ((), timedelta(minutes=25))
    assert conditions(waits)["Reconciling"] == ("True", "Unreachable")
    (made,) = decide(snapshot(reported, now=NOW + timedelta(minutes=40))).apply
    assert made["metadata"]["annotations"]["transformermodel.dev/attempt"] == "4"
