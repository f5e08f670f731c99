"""How a change is rolled out, given up and taken back, and what is remembered of it."""

import copy
from datetime import timedelta
from typing import Any

import pytest

from tests.operator.world import (
    ARTIFACT,
    NOW,
    Object,
    after,
    conditions,
    deployment,
    job,
    kept,
    message,
    model,
    revision,
    served,
    service,
    snapshot,
    succeeded,
)
from transformermodel_api.status import Artifact
from transformermodel_operator.children.identity import FIELD_MANAGER
from transformermodel_operator.children.revision import FAILED_ANNOTATION, Failure
from transformermodel_operator.decision import Decision, decide, inquire
from transformermodel_operator.objects import CONTROLLER_REVISION, Reference
from transformermodel_operator.pods.replica_pods import ReplicaPods
from transformermodel_operator.reasons import Reason
from transformermodel_operator.snapshot import Refusal

MODEL = model()
PREPARED = after(decide(snapshot(MODEL, job(MODEL, "Complete"), job_pods=succeeded())), MODEL)
READY = after(decide(snapshot(PREPARED, **served(MODEL))), PREPARED)
GOOD = revision(MODEL).name
CRASH = ReplicaPods(crashes="Pod p was restarted 3 times (Error, exit status 2). no CUDA")


def edited(**spec: Any) -> Object:
    """The model that serves, with other fields in its spec."""
    return {**READY, "spec": {**READY["spec"], **spec}}


BAD_SPEC: Object = {"predictor": {"env": [{"name": "CUDA_VISIBLE_DEVICES", "value": "7"}]}}
EDITED = edited(**BAD_SPEC)
BAD = revision(EDITED).name


def rolling(of: Object = EDITED, **around: Any) -> dict[str, Any]:
    """What is around the edited model while its new revision is on its way and the old one serves."""
    wanted = service(of)
    progress = {
        "type": "Progressing",
        "status": "True",
        "reason": "ReplicaSetUpdated",
        "lastUpdateTime": NOW.isoformat(),
    }
    # The replica that is available is the old one's.
    found = deployment(wanted, replicas=2, updatedReplicas=1, availableReplicas=1, conditions=[progress])
    return {
        "service": wanted,
        "deployment": found,
        "revisions": (kept(MODEL), kept(of, number=2)),
        **around,
    }


def applied(decision: Decision, kind: str) -> list[Object]:
    return [dict(document) for document in decision.apply if document["kind"] == kind]


def revision_served(decision: Decision) -> str:
    """The revision that the one InferenceService of a decision asks for."""
    (found,) = applied(decision, "InferenceService")
    return str(found["spec"]["predictor"]["annotations"]["transformermodel.dev/revision"])


def revisions(decision: Decision) -> tuple[str | None, str | None]:
    assert decision.status is not None
    return decision.status.current_revision, decision.status.update_revision


# Revisions are kept


def test_a_revision_is_kept_whole_before_it_is_rolled_out() -> None:
    decision = decide(snapshot(EDITED, **served(MODEL)))
    record, wanted = decision.apply
    assert (record["kind"], record["metadata"]["name"], record["revision"]) == ("ControllerRevision", BAD, 2)
    pods = {name: value for name, value in wanted["spec"]["predictor"].items() if name in record["data"]["pods"]}
    assert pods == record["data"]["pods"]
    assert record["data"]["artifact"] == ARTIFACT.digest
    assert revisions(decision) == (GOOD, BAD)


def test_a_revision_has_a_greater_number_than_all_before_it_although_those_may_be_gone() -> None:
    decision = decide(snapshot(EDITED, **{**served(MODEL), "revisions": (kept(MODEL, 7),)}))
    (record,) = applied(decision, "ControllerRevision")
    assert record["revision"] == 8


def test_pods_are_not_asked_before_the_deployment_has_been_acted_on() -> None:
    around = rolling()
    assert inquire(snapshot(EDITED, **around)).replicas is not None
    around["deployment"]["status"]["observedGeneration"] = 2
    assert inquire(snapshot(EDITED, **around)).replicas is None


def test_more_replicas_are_no_other_revision() -> None:
    decision = decide(snapshot(edited(predictor={"minReplicas": 3}), **served(MODEL)))
    assert applied(decision, "ControllerRevision") == []
    assert revisions(decision) == (GOOD, GOOD)


def test_what_cannot_be_kept_is_not_rolled_out() -> None:
    refusals = {Reference(CONTROLLER_REVISION, "team", BAD): Refusal(Reason.Refused, "no room")}
    decision = decide(snapshot(EDITED, **served(MODEL), refusals=refusals))
    assert decision.apply == ()
    assert conditions(decision)["Stalled"] == ("True", "Refused")
    assert decision.requeue_after == timedelta(minutes=1)


def test_a_revision_of_a_former_model_of_the_name_is_waited_for() -> None:
    leftover = kept(MODEL)
    leftover["metadata"]["ownerReferences"][0]["uid"] = "uid-of-a-former-model"
    decision = decide(snapshot(PREPARED, revisions=(leftover,)))
    assert decision.apply == ()
    assert f"ControllerRevision team/{GOOD}" in message(decision, "PredictorReady")


@pytest.mark.parametrize(("limit", "removed"), [(5, []), (1, [1]), (0, [1, 2])])
def test_the_oldest_revisions_go(limit: int, removed: list[int]) -> None:
    document = edited(rollout={"revisionHistoryLimit": limit})
    former = [kept(edited(predictor={"batching": {"maxTokens": 100 + number}}), number) for number in (1, 2)]
    around = {**served(MODEL), "revisions": (*former, kept(MODEL, number=3))}
    assert [found["revision"] for found in decide(snapshot(document, **around)).delete[::-1]] == removed


def test_a_revision_that_has_gone_already_is_not_removed_again() -> None:
    former = kept(edited(predictor={"batching": {"maxTokens": 100}}))
    former["metadata"]["deletionTimestamp"] = NOW.isoformat()
    around = {**served(MODEL), "revisions": (former, kept(MODEL, number=2))}
    assert decide(snapshot(edited(rollout={"revisionHistoryLimit": 0}), **around)).delete == ()


def test_the_revision_that_serves_everywhere_is_the_current_one_whatever_was_before() -> None:
    around = {**served(EDITED), "revisions": (kept(MODEL), kept(EDITED, number=2))}
    assert revisions(decide(snapshot(EDITED, **around))) == (BAD, BAD)


# While a preparation runs or fails


def test_what_serves_is_not_touched_while_a_new_artifact_is_prepared() -> None:
    changed = edited(source={"uri": "hf://org/name", "revision": "next"}, **BAD_SPEC)
    decision = decide(snapshot(changed, job(changed, active=1, ready=1), **served(MODEL)))
    assert decision.apply == ()
    assert conditions(decision)["Ready"] == ("False", "Preparing")
    assert conditions(decision)["PredictorReady"] == ("True", "Serving")
    assert revisions(decision) == (GOOD, GOOD)


def test_replicas_are_scaled_while_a_new_artifact_is_prepared() -> None:
    changed = edited(
        source={"uri": "hf://org/name", "revision": "next"}, predictor={**BAD_SPEC["predictor"], "minReplicas": 2}
    )
    decision = decide(snapshot(changed, job(changed, active=1, ready=1), **served(MODEL)))
    (found,) = applied(decision, "InferenceService")
    assert found["spec"]["predictor"]["minReplicas"] == 2
    assert revision_served(decision) == GOOD


# A rollout that fails


def test_a_rollout_looks_again_until_its_deadline() -> None:
    late = NOW + timedelta(seconds=595)
    assert decide(snapshot(EDITED, **rolling())).requeue_after == timedelta(seconds=15)
    decision = decide(snapshot(EDITED, **rolling(now=late)))
    assert decision.requeue_after == timedelta(seconds=5)
    assert conditions(decision)["Ready"] == ("False", "RollingOut")


def asked(deployment: Object | None, ago: timedelta, of: Object = EDITED) -> dict[str, Any]:
    """What is around a model whose InferenceService has been applied so long ago, to no effect."""
    found = service(of)
    entry = {"manager": FIELD_MANAGER, "operation": "Apply", "time": (NOW - ago).isoformat(), "fieldsV1": {}}
    found["metadata"]["managedFields"] = [entry]
    return {"service": found, "deployment": deployment, "revisions": (kept(MODEL, 1), kept(of, 2))}


def test_who_writes_for_kserve_looks_again_whether_it_has_anything_to_do() -> None:
    decision = decide(snapshot(EDITED, **served(MODEL)))
    assert [child["kind"] for child in decision.apply][-1] == "InferenceService"
    assert decision.requeue_after == timedelta(seconds=15)


def test_kserve_has_until_the_deadline_to_change_the_deployment() -> None:
    old = served(MODEL)["deployment"]
    in_time = decide(snapshot(EDITED, **asked(old, timedelta(seconds=590))))
    assert conditions(in_time)["Reconciling"] == ("True", "RollingOut")
    assert in_time.requeue_after == timedelta(seconds=10)
    late = decide(snapshot(EDITED, **asked(old, timedelta(seconds=600))))
    assert conditions(late)["Ready"] == ("False", "RolledBack")
    assert "KServe has not given the Deployment the new revision in time" in message(late, "Ready")
    assert revision_served(late) == GOOD


def test_a_first_deployment_that_kserve_does_not_make_is_stalled() -> None:
    decision = decide(snapshot(PREPARED, **asked(None, timedelta(seconds=600), of=MODEL)))
    assert conditions(decision)["Stalled"] == ("True", "ProgressDeadlineExceeded")
    assert "KServe has not made the Deployment in time" in message(decision, "Ready")


def test_what_served_before_may_come_back_late() -> None:
    other = deployment(service(EDITED))
    decision = decide(snapshot(READY, **asked(other, timedelta(days=1), of=MODEL)))
    assert conditions(decision)["Ready"] == ("False", "RollingOut")


def test_the_pods_of_a_rollout_are_asked_what_they_wait_for() -> None:
    around = rolling(replica_pods=ReplicaPods(obstacle="Pod p: Unschedulable: no node has a GPU"))
    assert inquire(snapshot(EDITED, **around)).replicas == "app=isvc.sentiment-predictor"
    assert message(decide(snapshot(EDITED, **around)), "Ready") == (
        f"0 of 1 replicas serve revision {BAD}. Pod p: Unschedulable: no node has a GPU"
    )
    assert inquire(snapshot(READY, **served(MODEL))).replicas is None


QUOTA = 'pods "sentiment-predictor-7d4-" is forbidden: exceeded quota: compute, requested: limits.memory=4Gi'
REFUSED_PODS = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": QUOTA}


def test_why_the_api_server_refuses_a_revisions_pods_is_told_while_it_waits_and_when_it_has_failed() -> None:
    around = rolling()
    around["deployment"]["status"]["conditions"].append(REFUSED_PODS)
    assert message(decide(snapshot(EDITED, **around)), "Ready").endswith(QUOTA)
    late = decide(snapshot(EDITED, **around, now=NOW + timedelta(seconds=600)))
    assert conditions(late)["Ready"] == ("False", "RolledBack")
    assert f"and there is no progress. {QUOTA}" in message(late, "Ready")


def test_pods_that_are_not_refused_any_more_are_no_obstacle() -> None:
    around = rolling()
    around["deployment"]["status"]["conditions"].append({**REFUSED_PODS, "status": "False"})
    assert QUOTA not in message(decide(snapshot(EDITED, **around)), "Ready")


FAILING = [
    pytest.param(rolling(replica_pods=CRASH), "CrashLooping", "no CUDA", id="crashes"),
    pytest.param(
        rolling(now=NOW + timedelta(seconds=600), replica_pods=ReplicaPods(obstacle="no GPU")),
        "ProgressDeadlineExceeded",
        "no GPU",
        id="late",
    ),
]


@pytest.mark.parametrize(("around", "reason", "words"), FAILING)
def test_a_revision_that_fails_gives_way_to_the_last_good_one(around: Object, reason: str, words: str) -> None:
    decision = decide(snapshot(EDITED, **around))
    assert [document["kind"] for document in decision.apply] == ["ControllerRevision", "InferenceService"]
    marked = decision.apply[0]
    assert marked["metadata"]["name"] == BAD
    assert reason in marked["metadata"]["annotations"][FAILED_ANNOTATION]
    assert revision_served(decision) == GOOD
    assert conditions(decision)["Ready"] == ("False", "RolledBack")
    assert conditions(decision)["Stalled"] == ("True", "RolledBack")
    assert words in message(decision, "Ready")
    assert (Reason.RolledBack, "Warning") in [(event.reason, event.type) for event in decision.events]
    assert revisions(decision) == (GOOD, BAD)


def rolled_back(of: Object = EDITED) -> tuple[Object, dict[str, Any]]:
    """The model after its new revision has given way, and what is around it."""
    decision = decide(snapshot(of, **rolling(of, replica_pods=CRASH)))
    record, wanted = decision.apply
    marked = copy.deepcopy(kept(of, number=2))
    marked["metadata"]["annotations"] = record["metadata"]["annotations"]
    back = service(MODEL)
    back["spec"] = wanted["spec"]
    return after(decision, of), {"service": back, "deployment": deployment(back), "revisions": (kept(MODEL), marked)}


def test_the_revision_that_was_given_up_is_not_tried_again() -> None:
    document, around = rolled_back()
    decision = decide(snapshot(document, **around))
    assert (decision.apply, decision.delete, decision.requeue_after) == ((), (), None)
    assert conditions(decision)["PredictorReady"] == ("True", "Serving")
    assert conditions(decision)["Ready"] == ("False", "RolledBack")
    again = after(decision, document)
    assert after(decide(snapshot(again, **around)), again) == again


def test_an_operator_that_is_restarted_between_mark_and_rollback_goes_on() -> None:
    _, around = rolled_back()
    decision = decide(snapshot(EDITED, **{**rolling(), "revisions": around["revisions"]}))
    assert [document["kind"] for document in decision.apply] == ["InferenceService"]
    assert revision_served(decision) == GOOD


def test_more_replicas_do_not_try_it_again() -> None:
    document, around = rolled_back()
    document = {**document, "spec": {**document["spec"], "predictor": {**BAD_SPEC["predictor"], "minReplicas": 2}}}
    assert revision_served(decide(snapshot(document, **around))) == GOOD


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"spec": {**EDITED["spec"], "rollout": {"progressDeadlineSeconds": 900}}}, id="more time"),
        pytest.param({"spec": {**EDITED["spec"], "rollout": {"automaticRollback": False}}}, id="no way back wanted"),
    ],
)
def test_a_change_of_the_rollout_tries_it_again(change: Object) -> None:
    document, around = rolled_back()
    assert revision_served(decide(snapshot({**document, **change}, **around))) != GOOD


def test_asking_for_it_by_annotation_tries_it_again() -> None:
    document, around = rolled_back()
    metadata = {**document["metadata"], "annotations": {"transformermodel.dev/requested-at": "now"}}
    asked = {**document, "metadata": metadata}
    finished = job(asked, "Complete")
    decision = decide(snapshot(asked, finished, job_pods=succeeded(), **around))
    assert revision_served(decision) == BAD
    (unmarked,) = applied(decision, "ControllerRevision")
    assert "annotations" not in unmarked["metadata"]


def test_what_failed_is_not_tried_again_while_something_else_is_prepared() -> None:
    document, around = rolled_back()
    metadata = {**document["metadata"], "annotations": {"transformermodel.dev/requested-at": "now"}}
    spec = {**document["spec"], "source": {"uri": "hf://org/name", "revision": "next"}}
    asked = {**document, "metadata": metadata, "spec": spec}
    assert applied(decide(snapshot(asked, job(asked, active=1, ready=1), **around)), "InferenceService") == []


def test_another_spec_is_tried_and_lets_the_former_one_be_tried_anew() -> None:
    document, around = rolled_back()
    other = {**document, "spec": {**document["spec"], "predictor": {"batching": {"maxTokens": 512}}}}
    decision = decide(snapshot(other, **around))
    assert revision_served(decision) == revision(other).name
    names = [found["metadata"]["name"] for found in applied(decision, "ControllerRevision")]
    assert names == [revision(other).name, BAD]
    assert all("annotations" not in found["metadata"] for found in applied(decision, "ControllerRevision"))


def test_going_back_to_the_good_spec_is_ready_at_once() -> None:
    _, around = rolled_back()
    decision = decide(snapshot(READY, **around))
    assert conditions(decision)["Ready"] == ("True", "Ready")
    assert [found["metadata"]["name"] for found in applied(decision, "ControllerRevision")] == [BAD]
    assert applied(decision, "InferenceService") == []


@pytest.mark.parametrize(("around", "reason", "words"), FAILING)
def test_without_automatic_rollback_it_is_stalled(around: Object, reason: str, words: str) -> None:
    document = edited(**BAD_SPEC, rollout={"automaticRollback": False})
    decision = decide(snapshot(document, **around))
    assert decision.apply == ()
    assert conditions(decision)["Stalled"] == ("True", reason)
    assert words in message(decision, "Ready")
    assert decision.requeue_after is None


def test_a_first_revision_has_nowhere_to_go_back_to() -> None:
    first = {**EDITED, "status": {**PREPARED["status"], "currentRevision": None}}
    decision = decide(snapshot(first, **{**rolling(replica_pods=CRASH), "revisions": (kept(EDITED),)}))
    assert decision.apply == ()
    assert conditions(decision)["Stalled"] == ("True", "CrashLooping")


def test_a_suspended_model_is_not_rolled_back() -> None:
    decision = decide(snapshot(edited(**BAD_SPEC, suspend=True), **rolling(replica_pods=CRASH)))
    assert decision.apply == ()
    assert "no CUDA" in message(decision, "Ready")
    assert "given up" not in message(decision, "Ready")


def test_the_time_that_a_failed_revision_took_does_not_count_against_the_good_one() -> None:
    document, around = rolled_back()
    around["deployment"]["status"] |= rolling()["deployment"]["status"]
    decision = decide(snapshot(document, **around, now=NOW + timedelta(hours=1)))
    assert conditions(decision)["PredictorReady"] == ("False", "RollingOut")


def test_what_served_before_and_crashes_now_is_no_failed_rollout() -> None:
    around = served(MODEL)
    around["deployment"]["status"] |= {"availableReplicas": 0}
    decision = decide(snapshot(READY, **around, replica_pods=CRASH))
    assert decision.apply == ()
    assert conditions(decision)["Reconciling"] == ("True", "CrashLooping")


@pytest.mark.parametrize(("seconds", "failed"), [(599, False), (601, True)])
def test_a_longer_deadline_than_the_deployments_own_counts(seconds: int, failed: bool) -> None:
    exceeded = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}
    document = edited(**BAD_SPEC, rollout={"progressDeadlineSeconds": 1200})
    around = rolling(document, now=NOW + timedelta(seconds=seconds))
    around["deployment"]["status"]["conditions"] = [{**exceeded, "lastUpdateTime": NOW.isoformat()}]
    assert conditions(decide(snapshot(document, **around)))["Ready"][1] == ("RolledBack" if failed else "RollingOut")


def test_a_mark_that_nobody_can_read_is_taken_away() -> None:
    marked = kept(EDITED, number=2)
    marked["metadata"]["annotations"] = {FAILED_ANNOTATION: "no JSON"}
    decision = decide(snapshot(EDITED, **{**rolling(), "revisions": (kept(MODEL), marked)}))
    assert [found["metadata"]["name"] for found in applied(decision, "ControllerRevision")] == [BAD]


def test_a_mark_is_written_and_read_alike() -> None:
    failure = Failure("attempt", "CrashLooping", 'it said "ü"')
    assert Failure.read(kept(EDITED, failure=failure)) == failure


# Going back by hand


def pinned(name: str, **around: Any) -> Decision:
    return decide(snapshot(edited(**BAD_SPEC, rollout={"pinnedRevision": name}), **around))


def test_a_revision_that_spec_names_is_served() -> None:
    decision = pinned(GOOD, **rolling())
    assert revision_served(decision) == GOOD
    back = service(MODEL)
    settled = {"service": back, "deployment": deployment(back), "revisions": (kept(MODEL), kept(EDITED, number=2))}
    decision = pinned(GOOD, **settled)
    assert decision.apply == ()
    assert conditions(decision)["Ready"] == ("True", "Ready")
    assert GOOD in message(decision, "Ready")
    assert revisions(decision) == (GOOD, GOOD)


def test_what_is_pinned_does_not_wait_for_a_preparation() -> None:
    changed = edited(source={"uri": "hf://org/name", "revision": "next"}, rollout={"pinnedRevision": GOOD})
    decision = decide(snapshot(changed, job(changed, active=1, ready=1), **served(MODEL)))
    assert conditions(decision)["Prepared"] == ("False", "Preparing")
    assert conditions(decision)["Ready"] == ("True", "Ready")


def test_a_revision_that_had_failed_is_tried_again_when_it_is_pinned() -> None:
    document, around = rolled_back()
    spec = {
        **document["spec"],
        "source": {"uri": "hf://org/name", "revision": "next"},
        "rollout": {"pinnedRevision": BAD},
    }
    changed = {**document, "spec": spec}
    assert revision_served(decide(snapshot(changed, job(changed, active=1, ready=1), **around))) == BAD


def test_a_revision_that_is_not_there_is_called_so() -> None:
    decision = pinned("sentiment-000000000000", **served(MODEL))
    assert decision.apply == ()
    assert conditions(decision)["Stalled"] == ("True", "RevisionUnknown")
    assert GOOD in message(decision, "Ready")
    assert revisions(decision) == (GOOD, GOOD)


def test_where_nothing_can_be_changed_what_serves_can_still_be_reached_and_scaled() -> None:
    refusals = {Reference(CONTROLLER_REVISION, "team", BAD): Refusal(Reason.Refused, "no room")}
    for decision in (
        pinned("sentiment-000000000000", **served(MODEL)),
        decide(snapshot(EDITED, **served(MODEL), refusals=refusals)),
    ):
        assert decision.status is not None
        assert decision.status.url == "http://sentiment-predictor.team.svc.cluster.local"
        assert (decision.status.replicas, decision.status.selector) == (1, "app=isvc.sentiment-predictor")


def test_another_artifact_is_another_revision_and_the_old_one_can_be_served_again() -> None:
    other = Artifact.model_validate({**ARTIFACT.model_dump(), "uri": "pvc://models/other", "digest": "e" * 64})
    status = {**READY["status"], "artifact": other.model_dump(mode="json", by_alias=True, exclude_none=True)}
    changed = {**edited(rollout={"pinnedRevision": GOOD}), "status": status}
    around = {**served(MODEL), "revisions": (kept(MODEL), kept(MODEL, number=2, artifact=other))}
    around["service"] = service(MODEL, artifact=other)
    (found,) = applied(decide(snapshot(changed, **around)), "InferenceService")
    assert found["spec"]["predictor"]["model"]["storageUri"] == ARTIFACT.uri


# What may happen around it


def test_without_kserve_it_is_remembered_what_served() -> None:
    decision = decide(snapshot(READY, kserve_installed=False, revisions=(kept(MODEL),)))
    assert conditions(decision)["Stalled"] == ("True", "KServeMissing")
    assert revisions(decision) == (GOOD, GOOD)
    assert (decision.apply, decision.delete) == ((), ())


def test_once_kserve_is_back_what_served_is_served_again() -> None:
    decision = decide(snapshot(READY, revisions=(kept(MODEL),)))
    assert [document["kind"] for document in decision.apply] == ["InferenceService"]
    assert revision_served(decision) == GOOD


def test_a_revision_that_was_deleted_is_kept_anew_while_it_serves() -> None:
    decision = decide(snapshot(READY, **{**served(MODEL), "revisions": ()}))
    assert [document["metadata"]["name"] for document in decision.apply] == [GOOD]
    assert conditions(decision)["Ready"] == ("True", "Ready")


def test_a_status_that_was_lost_is_found_again_from_what_serves() -> None:
    lost = {**MODEL, "spec": EDITED["spec"]}
    decision = decide(snapshot(lost, job(lost, "Complete"), job_pods=succeeded(), **served(MODEL)))
    assert revisions(decision) == (GOOD, BAD)


def test_a_label_that_was_taken_off_a_revision_comes_back() -> None:
    record = kept(MODEL)
    record["metadata"]["labels"] = {}
    (applied_again,) = decide(snapshot(READY, **{**served(MODEL), "revisions": (record,)})).apply
    assert applied_again["metadata"]["labels"]["transformermodel.dev/model"] == "sentiment"
