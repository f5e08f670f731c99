"""Whether what was prepared is still what the sources mean: when somebody looks, and what comes of it."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from tests.operator.world import (
    NOW,
    PREPARED,
    SETTINGS,
    Object,
    after,
    conditions,
    failed,
    job,
    model,
    served,
    snapshot,
    stored,
)
from transformermodel_api.contract import Resolved
from transformermodel_api.failures import FailureReason
from transformermodel_api.model import TransformerModel
from transformermodel_operator.children.check_job import check_job
from transformermodel_operator.decide.inquiry import Inquiry
from transformermodel_operator.decision import Decision, decide, inquire
from transformermodel_operator.objects import Reference
from transformermodel_operator.pods.job_pods import JobPods
from transformermodel_operator.reasons import Reason
from transformermodel_operator.snapshot import Refusal

CHECKED = model(source={"uri": "hf://org/name", "checkIntervalSeconds": 3600})
HOUR = timedelta(hours=1)


def prepared(of: Object = CHECKED, sources: str | None = "first") -> Object:
    """A model whose preparation has just read the sources in this state."""
    outcome = JobPods(outcome=PREPARED.model_copy(update={"sources": sources}))
    return after(decide(snapshot(of, job(of, "Complete"), job_pods=outcome)), of)


def check(since: datetime | None, *found: str, of: Object = CHECKED) -> Object:
    """The Job that looks at the sources, with conditions that are True."""
    made = stored(check_job(TransformerModel.read({**of, "status": None}), since, SETTINGS))
    made["status"] = {
        "conditions": [{"type": kind, "status": "True", "lastTransitionTime": NOW.isoformat()} for kind in found]
    }
    return made


def look(document: Object, *jobs: Object, at: datetime = NOW, **around: Any) -> Decision:
    return decide(snapshot(document, *jobs, now=at, **served(CHECKED), **around))


def at(sources: str) -> JobPods:
    return JobPods(outcome=Resolved(commit="4567def", sources=sources))


def names(documents: Any) -> list[str]:
    return [document["metadata"]["name"] for document in documents]


def events(decision: Decision) -> list[str]:
    return [event.reason.value for event in decision.events]


def test_the_interval_is_no_part_of_what_is_prepared() -> None:
    assert names([job(CHECKED)]) == names([job(model())])


def test_nobody_looks_unless_asked_to() -> None:
    never = prepared(model())
    decision = look(never, at=NOW + timedelta(days=365))
    assert (names(decision.apply), decision.requeue_after) == ([], None)
    assert decision.status is not None
    assert decision.status.source is None


def test_a_job_looks_when_the_interval_is_over_and_not_before() -> None:
    early = look(prepared(), at=NOW + timedelta(minutes=20))
    assert (early.apply, early.requeue_after) == ((), timedelta(minutes=40))
    due = look(prepared(), at=NOW + HOUR)
    assert names(due.apply) == names([check(NOW)])
    container = due.apply[0]["spec"]["template"]["spec"]["containers"][0]
    assert container["command"] == ["transformermodel", "resolve"]


def test_the_pods_are_asked_when_the_check_is_over() -> None:
    assert inquire(snapshot(prepared(), check(NOW))) == Inquiry()
    for end in ("Complete", "Failed"):
        over = check(NOW, end)
        assert inquire(snapshot(prepared(), over)) == Inquiry(job=Reference.to(over), finished=True)


def test_sources_that_have_not_moved_change_nothing_but_the_time_of_the_check() -> None:
    later = NOW + HOUR
    decision = look(prepared(), check(NOW, "Complete"), at=later, job_pods=at("first"))
    assert conditions(decision)["Ready"] == ("True", "Ready")
    assert "SourceMoved" not in events(decision)
    assert decision.status is not None
    assert decision.status.source is not None
    assert decision.status.source.checked_at == later
    following = look(after(decision, CHECKED), check(NOW, "Complete"), at=later)
    assert names(following.delete) == names([check(NOW)])
    assert following.requeue_after == HOUR


def test_sources_that_have_moved_are_prepared_once_while_the_former_serves_on() -> None:
    later = NOW + HOUR
    moved = look(prepared(), check(NOW, "Complete"), at=later, job_pods=at("second"))
    assert events(moved)[-1] == "SourceMoved"
    assert moved.requeue_after == timedelta(0)
    found = after(moved, CHECKED)
    beginning = look(found, at=later)
    (made,) = [child for child in beginning.apply if child["kind"] == "Job"]
    assert made["metadata"]["name"] not in names([job(CHECKED)])
    assert conditions(beginning)["PredictorReady"] == ("True", "Serving")
    done = stored(made)
    done["status"] = {"conditions": [{"type": "Complete", "status": "True"}]}
    second = JobPods(outcome=PREPARED.model_copy(update={"sources": "second", "commit": "4567def"}))
    finished = look(after(beginning, found), done, at=later, job_pods=second)
    assert conditions(finished)["Prepared"] == ("True", "Prepared")
    assert look(after(finished, found), done, at=later).requeue_after == HOUR
    again = look(after(finished, found), check(later, "Complete"), at=later + HOUR, job_pods=at("second"))
    assert "SourceMoved" not in events(again)


def test_a_check_that_fails_is_told_and_touches_nothing() -> None:
    refused = failed(FailureReason.Unreachable)
    decision = look(prepared(), check(NOW, "Failed"), at=NOW + HOUR, job_pods=refused)
    assert events(decision)[-1] == "CheckFailed"
    assert conditions(decision)["Ready"] == ("True", "Ready")
    assert look(after(decision, CHECKED), at=NOW + HOUR).requeue_after == HOUR


def test_what_was_prepared_before_there_were_checks_is_known_from_the_first_one_on() -> None:
    old = prepared(model())
    old["spec"] = CHECKED["spec"]
    first = look(old)
    assert names(first.apply) == names([check(None)])
    known = look(old, check(None, "Complete"), job_pods=at("first"))
    assert "SourceMoved" not in events(known)
    assert known.status is not None
    assert known.status.source is not None
    assert known.status.source.sources == "first"


def test_a_suspended_model_is_not_looked_at() -> None:
    suspended = prepared()
    suspended["spec"] = {**suspended["spec"], "suspend": True}
    assert look(suspended, at=NOW + HOUR).apply == ()


def test_checks_that_are_not_wanted_any_more_are_removed() -> None:
    unwanted = prepared(model())
    assert names(look(unwanted, check(NOW)).delete) == names([check(NOW)])


def test_a_check_that_is_going_already_is_not_removed_again() -> None:
    going = check(NOW)
    going["metadata"]["deletionTimestamp"] = NOW.isoformat()
    assert look(prepared(model()), going).delete == ()


def test_a_check_that_the_api_server_refuses_is_tried_again_and_the_model_serves() -> None:
    refusals = {Reference.to(check(NOW)): Refusal(Reason.QuotaExceeded, "exceeded quota: jobs")}
    decision = look(prepared(), at=NOW + HOUR, refusals=refusals)
    assert (decision.apply, decision.requeue_after) == ((), timedelta(minutes=1))
    assert conditions(decision)["Ready"] == ("True", "Ready")


def test_a_request_has_been_handled_when_its_preparation_is_over() -> None:
    asked = model(metadata={"annotations": {"transformermodel.dev/requested-at": "today"}})
    begun = decide(snapshot(asked))
    assert begun.status is not None
    assert begun.status.last_handled_requested_at is None
    over = decide(snapshot(asked, job(asked, "Failed"), job_pods=failed(FailureReason.Gated)))
    assert over.status is not None
    assert over.status.last_handled_requested_at == "today"
    without = {**after(over, asked), "metadata": model()["metadata"]}
    kept = decide(snapshot(without))
    assert kept.status is not None
    assert kept.status.last_handled_requested_at == "today"


def test_the_same_check_is_never_made_twice() -> None:
    due = snapshot(prepared(), now=NOW + HOUR, **served(CHECKED))
    assert names(decide(due).apply) == names(decide(replace(due, now=NOW + 2 * HOUR)).apply)
