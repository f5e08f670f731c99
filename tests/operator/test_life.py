"""A model's life in steps: whatever comes between, it ends in the right state and says what it waits for."""

import copy
from typing import Any

from tests.operator.world import (
    Object,
    after,
    claim,
    conditions,
    deployment,
    job,
    message,
    model,
    served,
    snapshot,
    succeeded,
)
from transformermodel_operator.decision import Decision, decide

MODEL = model()
LONG_AGO = "2020-01-01T00:00:00Z"


def with_spec(document: Object, **spec: Any) -> Object:
    """The model after an edit."""
    edited = copy.deepcopy(document)
    edited["spec"] |= spec
    edited["metadata"]["generation"] += 1
    return edited


def made(decision: Decision) -> list[str]:
    return [child["kind"] for child in decision.apply]


def test_suspended_while_it_is_prepared_the_job_goes_on_and_its_outcome_is_kept_for_later() -> None:
    begun = after(decide(snapshot(MODEL)), MODEL)
    suspended = with_spec(begun, suspend=True)
    at_work = decide(snapshot(suspended, job(MODEL, active=1, ready=1)))
    assert (at_work.apply, at_work.delete) == ((), ())
    assert conditions(at_work)["Prepared"] == ("False", "Preparing")
    over = decide(snapshot(after(at_work, suspended), job(MODEL, "Complete"), job_pods=succeeded()))
    assert over.apply == ()
    assert conditions(over)["Prepared"] == ("True", "Prepared")
    assert conditions(over)["Ready"] == ("False", "Suspended")
    resumed = decide(snapshot(with_spec(after(over, suspended), suspend=False)))
    assert "InferenceService" in made(resumed)
    assert "Job" not in made(resumed)


def test_suspended_before_its_job_was_made_it_waits_and_says_for_what() -> None:
    waiting = with_spec(MODEL, suspend=True)
    decision = decide(snapshot(waiting))
    assert decision.apply == ()
    assert "waits for the end of spec.suspend" in message(decision, "Prepared")
    assert made(decide(snapshot(with_spec(after(decision, waiting), suspend=False)))) == ["Job"]


def test_kserve_that_is_installed_later_serves_what_was_prepared_meanwhile() -> None:
    without = decide(snapshot(MODEL, job(MODEL, "Complete"), job_pods=succeeded(), kserve_installed=False))
    assert conditions(without)["Prepared"] == ("True", "Prepared")
    assert conditions(without)["Stalled"] == ("True", "KServeMissing")
    installed = decide(snapshot(after(without, MODEL)))
    assert "InferenceService" in made(installed)
    assert "Stalled" not in conditions(installed)
    ready = decide(snapshot(after(installed, MODEL), **served(MODEL)))
    assert conditions(ready)["Ready"] == ("True", "Ready")


def test_while_an_upgraded_kserve_rolls_the_pods_anew_nothing_is_written_and_what_serves_counts_as_before() -> None:
    """It may put what it likes into the Deployment; the revision is still the same."""
    around = served(MODEL)
    ready = after(decide(snapshot(MODEL, job(MODEL, "Complete"), job_pods=succeeded(), **around)), MODEL)
    progress = {"type": "Progressing", "status": "True", "reason": "ReplicaSetUpdated", "lastUpdateTime": LONG_AGO}
    rolling = deployment(around["service"], replicas=2, updatedReplicas=1, conditions=[progress])
    rolling["spec"]["template"]["spec"] = {"containers": [{"name": "kserve-container", "env": [{"name": "NEW"}]}]}
    meanwhile = decide(snapshot(ready, **{**around, "deployment": rolling}))
    assert (meanwhile.apply, meanwhile.delete) == ((), ())
    assert conditions(meanwhile)["Ready"] == ("False", "RollingOut")
    over = decide(snapshot(after(meanwhile, ready), **around))
    assert conditions(over)["Ready"] == ("True", "Ready")
    assert made(over) == []
    assert over.status is not None
    assert over.status.current_revision == ready["status"]["currentRevision"]


def test_a_model_of_another_name_has_a_job_of_its_own_and_nothing_to_do_with_the_former_one() -> None:
    renamed = model(metadata={"name": "mood", "uid": "uid-of-mood"})
    (its_job,) = decide(snapshot(renamed)).apply
    (former,) = decide(snapshot(MODEL)).apply
    assert its_job["metadata"]["name"].startswith("mood-")
    assert its_job["metadata"]["name"] != former["metadata"]["name"]
    assert [owner["uid"] for owner in its_job["metadata"]["ownerReferences"]] == ["uid-of-mood"]


def test_a_claim_that_comes_later_is_all_that_a_model_waits_for() -> None:
    waiting = decide(snapshot(MODEL, claims={"models": None}))
    assert conditions(waiting)["Stalled"] == ("True", "ClaimMissing")
    begun = decide(snapshot(after(waiting, MODEL), claims={"models": claim("models")}))
    assert made(begun) == ["Job"]
    assert conditions(begun)["Reconciling"] == ("True", "Preparing")


def test_there_and_back_again_is_the_same_job() -> None:
    there = with_spec(MODEL, source={"uri": "hf://org/other"})
    back = with_spec(there, source=MODEL["spec"]["source"])
    first, second, third = (decide(snapshot(document)) for document in (MODEL, there, back))
    names = [decision.apply[0]["metadata"]["name"] for decision in (first, second, third)]
    assert names[0] == names[2] != names[1]


def test_one_replica_may_have_a_claim_of_its_own_node_and_several_are_told() -> None:
    on_one_node = {"models": claim("models", modes=("ReadWriteOnce",))}
    alone = decide(snapshot(MODEL, claims=on_one_node))
    several = decide(snapshot(model(predictor={"minReplicas": 3}), claims=on_one_node))
    assert made(alone) == made(several) == ["Job"]
    assert "ClaimOnOneNode" not in {event.reason for event in alone.events}
    assert "ClaimOnOneNode" in {event.reason for event in several.events}
