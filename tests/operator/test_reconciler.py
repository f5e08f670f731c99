"""observe → decide → apply → report, against an API server that does what a test says."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from tests.operator.world import (
    NOW,
    SETTINGS,
    Object,
    after,
    claim,
    deployment,
    ended,
    job,
    kept,
    model,
    pod,
    service,
    snapshot,
    stored,
    succeeded,
)
from tests.operator.world import PREPARED_MESSAGE as MESSAGE
from transformermodel_operator.client import ApiError
from transformermodel_operator.decide.announcements import Event
from transformermodel_operator.decision import decide
from transformermodel_operator.objects import CLAIM, POD, Document, Key, Kind, Reference, key_of, key_of_child
from transformermodel_operator.reconciler import Reconciler, Stores
from transformermodel_operator.watches.store import Store

PLACES = {
    "Job": "jobs",
    "InferenceService": "services",
    "Deployment": "deployments",
    "ControllerRevision": "revisions",
    "PodDisruptionBudget": "budgets",
}
KEY = Key("team", "sentiment")


@dataclass
class Cluster:
    """An API server that keeps what is written, and counts how it is asked."""

    objects: dict[Reference, Object] = field(default_factory=dict)
    pods: list[Object] = field(default_factory=list)
    refused: dict[str, ApiError] = field(default_factory=dict)
    unreadable: dict[str, ApiError] = field(default_factory=dict)
    reads: list[str] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)
    statuses: list[Object] = field(default_factory=list)
    version: int = 100
    claim: Object | ApiError | None = field(default_factory=lambda: claim("models"))
    told: list[Object] = field(default_factory=list)
    logs: dict[str, str | ApiError] = field(default_factory=dict)
    answer_is_lost: bool = False

    async def get(self, reference: Reference) -> Document | None:
        self.reads.append(f"get {reference.kind.name}")
        if reference.kind.name in self.unreadable:
            raise self.unreadable[reference.kind.name]
        if reference.kind is not CLAIM:
            return self.objects.get(reference)
        if isinstance(self.claim, ApiError):
            raise self.claim
        return self.claim

    async def warnings(self, about: Reference) -> Sequence[Document]:
        self.reads.append(f"warnings about {about.kind.name}")
        return self.told

    async def log(self, pod: Reference, container: str, lines: int) -> str:
        self.reads.append("log")
        text = self.logs.get(pod.name, "")
        if isinstance(text, ApiError):
            raise text
        return text

    async def list(self, kind: Kind, namespace: str | None, selector: str | None) -> tuple[list[Document], int]:
        assert kind is POD
        self.reads.append(f"list {namespace} {selector}")
        return list(self.pods), self.version

    async def apply(self, document: Document) -> Document:
        kind = str(document["kind"])
        self.writes.append(f"apply {kind}")
        if kind in self.refused:
            raise self.refused[kind]
        return self._keep(stored(dict(document)))

    async def apply_status(self, document: Document) -> Document:
        self.writes.append("status")
        if "status" in self.refused:
            raise self.refused["status"]
        self.statuses.append(dict(document))
        known = self.objects[Reference.to(document)]
        written = self._keep({**known, "metadata": {**known["metadata"]}, "status": document["status"]})
        if self.answer_is_lost:
            raise ApiError(0, "the connection was reset")
        return written

    async def apply_finalizers(self, model: Document, finalizers: Sequence[str]) -> Document:
        self.writes.append(f"finalizers {list(finalizers)}")
        if "finalizers" in self.refused:
            raise self.refused["finalizers"]
        known = self.objects[Reference.to(model)]
        return self._keep({**known, "metadata": {**known["metadata"], "finalizers": list(finalizers)}})

    async def delete(self, document: Document) -> None:
        self.writes.append(f"delete {document['metadata']['name']}")
        self.objects.pop(Reference.to(document), None)

    def _keep(self, document: Object) -> Object:
        self.version += 1
        document["metadata"]["resourceVersion"] = str(self.version)
        self.objects[Reference.to(document)] = document
        return document


class World:
    """A reconciler, what it has seen and what it writes to."""

    def __init__(self, document: Object | None, *children: Object, **settings: Any) -> None:
        self.cluster = Cluster()
        self.told: list[str] = []
        self.notes: list[str] = []
        stores = {name: Store(key_of_child, lambda _: None) for name in PLACES.values()}
        self.stores = Stores(models=Store(key_of, lambda _: None), **stores)
        if document is not None:
            self.stores.models.put(document)
            self.cluster.objects[Reference.to(document)] = document
        for child in children:
            stores[PLACES[child["kind"]]].put(child)
            self.cluster.objects[Reference.to(child)] = child
        self.reconciler = Reconciler(
            cluster=self.cluster,
            stores=self.stores,
            recorder=self,
            settings=SETTINGS,
            kserve_installed=lambda: True,
            now=lambda: NOW,
        )

    async def record(self, document: Document, events: tuple[Event, ...]) -> None:
        self.told += [event.reason for event in events]
        self.notes += [event.message for event in events]

    async def reconcile(self) -> float | None:
        return await self.reconciler.reconcile(KEY)

    @property
    def status(self) -> Object:
        document = self.stores.models.get("team", "sentiment")
        assert document is not None
        found: Object = document["status"]
        return found

    def ready_reason(self) -> str:
        return str(self.status["conditions"][0]["reason"])


async def test_a_new_model_gets_its_job_its_status_and_its_event() -> None:
    world = World(model())
    await world.reconcile()
    assert world.cluster.writes == ["apply Job", "status"]
    decided_of = {"namespace": "team", "name": "sentiment", "uid": "uid-of-model", "resourceVersion": "10"}
    assert world.cluster.statuses[0]["metadata"] == decided_of
    assert world.told == ["Preparing"]


async def test_its_own_writes_are_known_at_once() -> None:
    world = World(model())
    await world.reconcile()
    world.cluster.writes.clear()
    world.cluster.reads.clear()
    await world.reconcile()
    assert (world.cluster.reads, world.cluster.writes) == ([], [])
    assert world.told == ["Preparing"]


async def test_the_outcome_is_read_from_the_jobs_pods() -> None:
    document = model()
    finished = job(document, "Complete")
    world = World(document, finished)
    world.cluster.pods = [pod(**ended(0, MESSAGE))]
    await world.reconcile()
    assert f"list team batch.kubernetes.io/job-name={finished['metadata']['name']}" in world.cluster.reads
    assert world.status["commit"] == "0123abc"
    assert world.cluster.writes == ["apply ControllerRevision", "apply InferenceService", "status"]


async def test_in_the_steady_state_nothing_is_read_or_written() -> None:
    document = model()
    around = service(document)
    finished, rolled_out, record = job(document, "Complete"), deployment(around), kept(document)
    children = (finished, around, rolled_out, record)
    seen = {"service": around, "deployment": rolled_out, "revisions": (record,)}
    ready = after(decide(snapshot(document, finished, job_pods=succeeded(), **seen)), document)
    world = World(ready, *children)
    assert await world.reconcile() is None
    assert (world.cluster.reads, world.cluster.writes, world.told) == ([], [], [])


async def test_nothing_is_made_for_a_ghost() -> None:
    world = World(model())
    world.cluster.objects.clear()
    await world.reconcile()
    assert world.cluster.writes == []
    assert world.stores.models.get("team", "sentiment") is None


async def test_nothing_is_made_for_the_former_model_of_a_name() -> None:
    world = World(model())
    namesake = model(metadata={"uid": "uid-of-a-namesake", "resourceVersion": "50"})
    world.cluster.objects[Reference.to(namesake)] = namesake
    await world.reconcile()
    assert world.cluster.writes == []
    assert world.stores.models.get("team", "sentiment") == namesake


async def test_nothing_is_made_for_a_model_that_somebody_has_changed_meanwhile() -> None:
    world = World(model())
    edited = model(suspend=True, metadata={"generation": 2, "resourceVersion": "50"})
    world.cluster.objects[Reference.to(edited)] = edited
    await world.reconcile()
    assert world.cluster.writes == []
    assert world.stores.models.get("team", "sentiment") == edited


async def test_a_child_that_the_watches_have_not_told_of_yet_is_not_written_again() -> None:
    document = model()
    world = World(document)
    made = job(document, active=1, ready=1)
    world.cluster.objects[Reference.to(made)] = made
    assert await world.reconcile() is None
    assert world.cluster.writes == []
    await world.reconcile()
    assert world.cluster.writes == ["status"]


async def test_an_unknown_model_is_nobodys_business() -> None:
    world = World(None)
    assert await world.reconcile() is None
    assert world.cluster.reads == []


async def test_an_object_that_the_watches_do_not_see_is_not_taken_over() -> None:
    document = model()
    world = World(document)
    foreign = job(document)
    foreign["metadata"] |= {"labels": {}, "ownerReferences": []}
    world.cluster.objects[Reference.to(foreign)] = foreign
    assert await world.reconcile() == 60
    assert world.cluster.writes == ["status"]
    assert world.ready_reason() == "NameTaken"
    assert world.told == ["NameTaken"]


async def test_somebody_elses_service_of_the_name_is_told_before_anything_is_prepared() -> None:
    document = model()
    world = World(document)
    foreign = service(document)
    foreign["metadata"] |= {"labels": {}, "ownerReferences": []}
    world.cluster.objects[Reference.to(foreign)] = foreign
    assert await world.reconcile() == 60
    assert world.cluster.writes == ["status"]
    assert world.told == ["NameTaken"]
    assert "InferenceService team/sentiment exists already" in world.status["conditions"][0]["message"]
    await world.cluster.delete(foreign)
    await world.reconcile()
    assert world.cluster.writes[-2:] == ["apply Job", "status"]
    assert world.ready_reason() == "Preparing"


async def test_somebody_elses_deployment_of_the_name_is_told_before_a_job_is_made() -> None:
    document = model()
    world = World(document)
    foreign = deployment(service(document))
    foreign["metadata"]["labels"] = {}
    world.cluster.objects[Reference.to(foreign)] = foreign
    assert await world.reconcile() == 60
    assert world.cluster.writes == ["status"]
    assert world.told == ["NameTaken"]
    assert "Deployment team/sentiment-predictor exists already" in world.status["conditions"][0]["message"]
    await world.cluster.delete(foreign)
    await world.reconcile()
    assert world.cluster.writes[-2:] == ["apply Job", "status"]


async def test_an_older_role_that_does_not_let_the_operator_look_is_no_reason_not_to_prepare() -> None:
    world = World(model())
    world.cluster.unreadable["Deployment"] = ApiError(403, "deployments.apps is forbidden")
    await world.reconcile()
    assert world.cluster.writes == ["apply Job", "status"]


async def test_a_child_that_lost_its_label_gets_it_back() -> None:
    document = model()
    world = World(document)
    unlabelled = job(document)
    unlabelled["metadata"]["labels"] = {}
    world.cluster.objects[Reference.to(unlabelled)] = unlabelled
    await world.reconcile()
    assert world.cluster.writes == ["apply Job", "status"]


@pytest.mark.parametrize("status", [400, 403, 422])
async def test_what_the_api_server_refuses_is_reported_with_its_words(status: int) -> None:
    world = World(model())
    world.cluster.refused["Job"] = ApiError(status, "exceeded quota")
    assert await world.reconcile() == 60
    assert world.ready_reason() == "Refused"
    assert "exceeded quota" in world.status["conditions"][0]["message"]


async def test_a_revision_that_is_refused_is_not_rolled_out() -> None:
    document = model()
    world = World(document, job(document, "Complete"))
    world.cluster.pods = [pod(**ended(0, MESSAGE))]
    world.cluster.refused["ControllerRevision"] = ApiError(403, "exceeded quota")
    assert await world.reconcile() == 60
    assert world.cluster.writes == ["apply ControllerRevision", "status"]
    assert world.ready_reason() == "Refused"


async def test_a_refused_service_and_its_budget_are_written_once_nothing_refuses_them() -> None:
    document = model(predictor={"minReplicas": 2})
    world = World(document, job(document, "Complete"))
    world.cluster.pods = [pod(**ended(0, MESSAGE))]
    world.cluster.refused["InferenceService"] = ApiError(422, "the webhook says no")
    await world.reconcile()
    world.cluster.refused.clear()
    world.cluster.writes.clear()
    await world.reconcile()
    assert world.cluster.writes == ["apply InferenceService", "apply PodDisruptionBudget", "status"]


async def test_the_pods_of_a_rollout_are_asked_why_it_does_not_come_further() -> None:
    document = model()
    around = service(document)
    going = deployment(around, availableReplicas=0, conditions=[])
    world = World(document, job(document, "Complete"), around, going, kept(document))
    world.cluster.pods = [pod(**ended(0, MESSAGE))]
    assert await world.reconcile() == 15
    assert "list team app=isvc.sentiment-predictor" in world.cluster.reads


@pytest.mark.parametrize("status", [0, 409, 429, 500, 503])
async def test_an_error_that_may_pass_is_left_to_the_queue(status: int) -> None:
    world = World(model())
    world.cluster.refused["Job"] = ApiError(status, "later")
    with pytest.raises(ApiError):
        await world.reconcile()
    assert world.cluster.statuses == []


async def test_a_status_whose_answer_is_lost_has_been_written_and_its_events_are_told_once() -> None:
    world = World(model())
    world.cluster.answer_is_lost = True
    await world.reconcile()
    assert world.told == ["Preparing"]
    assert world.ready_reason() == "Preparing"


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(model(), id="it has not been written"),
        pytest.param(None, id="the model is gone"),
        pytest.param(model(metadata={"uid": "uid-of-a-namesake"}), id="another has its name"),
    ],
)
async def test_a_status_that_was_not_written_to_this_model_is_left_to_the_queue(found: Object | None) -> None:
    """A namesake has the status already that was decided of the former."""
    document = model()
    world = World(document, job(document, active=1, ready=1))
    if found is None:
        world.cluster.objects.clear()
    else:
        wanted = decide(snapshot(document, job(document, active=1, ready=1)))
        is_namesake = found["metadata"]["uid"] != document["metadata"]["uid"]
        world.cluster.objects[Reference.to(found)] = after(wanted, found) if is_namesake else found
    world.cluster.refused["status"] = ApiError(0, "the connection was reset")
    with pytest.raises(ApiError):
        await world.reconcile()
    assert world.told == []


async def test_the_job_of_a_former_spec_is_deleted() -> None:
    former, edited = job(model()), model(source={"uri": "hf://org/other"})
    world = World(edited, former)
    await world.reconcile()
    assert world.cluster.writes == [f"delete {former['metadata']['name']}", "apply Job", "status"]


async def test_a_job_that_gets_no_pod_says_what_the_events_say() -> None:
    waiting = job(model(), active=0, created=NOW - timedelta(minutes=1))
    world = World(model(), waiting)
    world.cluster.told = [{"reason": "FailedCreate", "note": "exceeded quota: compute", "eventTime": "2026"}]
    await world.reconcile()
    assert world.ready_reason() == "QuotaExceeded"
    assert "warnings about Job" in world.cluster.reads


@pytest.mark.parametrize(
    ("waits_for", "told", "reason", "asked"),
    [
        ("ErrImagePull", [{"reason": "Failed", "note": "x"}], "ImagePullFailed", False),
        ("RunContainerError", [], "PodNotStarting", True),
        ("RunContainerError", [{"reason": "FailedMount", "note": "no such volume"}], "PodNotStarting", True),
    ],
)
async def test_events_are_asked_for_where_the_pod_itself_does_not_say_enough(
    waits_for: str, told: list[Object], reason: str, asked: bool
) -> None:
    world = World(model(), job(model(), active=1, created=NOW - timedelta(minutes=1)))
    world.cluster.pods = [pod(waiting={"reason": waits_for})]
    world.cluster.told = told
    await world.reconcile()
    assert world.ready_reason() == reason
    assert ("warnings about Pod" in world.cluster.reads) is asked
    assert ("no such volume" in world.status["conditions"][0]["message"]) is any(
        "volume" in one["note"] for one in told
    )


async def test_the_end_of_the_log_goes_into_the_event_and_is_done_without_where_it_cannot_be_read() -> None:
    for log, told in (("no head\n", True), (ApiError(500, "the node is gone"), False)):
        world = World(model(), job(model(), "Failed", failed=1))
        world.cluster.pods = [pod(**ended(19))]
        world.cluster.logs = {world.cluster.pods[0]["metadata"]["name"]: log}
        await world.reconcile()
        assert world.ready_reason() == "WeightsMismatch"
        assert any("no head" in note for note in world.notes) is told


async def test_without_the_right_to_look_claims_are_left_to_the_pods() -> None:
    world = World(model())
    world.cluster.claim = ApiError(403, "forbidden")
    await world.reconcile()
    assert world.cluster.writes == ["apply Job", "status"]


async def test_without_an_answer_about_claims_no_job_is_made() -> None:
    world = World(model())
    world.cluster.claim = ApiError(500, "try again")
    with pytest.raises(ApiError):
        await world.reconcile()
    assert world.cluster.writes == []


async def test_a_job_at_work_is_followed_and_one_that_is_over_is_not() -> None:
    followed: list[Reference | None] = []

    def follow(key: Key, running: Reference | None) -> None:
        followed.append(running)

    at_work = job(model(), active=1, ready=1)
    for world in (World(model(), at_work), World(model(), job(model(), "Failed")), World(None)):
        await replace(world.reconciler, follow=follow).reconcile(KEY)
    assert followed == [Reference.to(at_work), None, None]


async def test_a_model_that_takes_its_artifacts_along_is_held_before_its_job_is_made() -> None:
    world = World(model(deletionPolicy="Delete"))
    await world.reconcile()
    assert world.cluster.writes == ["finalizers ['transformermodel.dev/artifacts']"]
    await world.reconcile()
    assert world.cluster.writes[1:] == ["apply Job", "status"]


async def test_a_deleted_model_is_remove_finalizer_after_all_else() -> None:
    gone = {"deletionTimestamp": "2026-11-22T12:00:00Z", "finalizers": ["transformermodel.dev/artifacts"]}
    world = World(model(deletionPolicy="Delete", metadata=gone))
    await world.reconcile()
    assert world.cluster.writes == ["status", "finalizers []"]


@pytest.mark.parametrize(("status", "is_well"), [(404, True), (409, True), (0, False), (403, False), (500, False)])
async def test_a_model_that_has_gone_when_it_is_remove_finalizer_is_well(status: int, is_well: bool) -> None:
    gone = {"deletionTimestamp": "2026-11-22T12:00:00Z", "finalizers": ["transformermodel.dev/artifacts"]}
    world = World(model(deletionPolicy="Delete", metadata=gone))
    world.cluster.refused["finalizers"] = ApiError(status, "no")
    if is_well:
        assert await world.reconcile() is None
    else:
        with pytest.raises(ApiError):
            await world.reconcile()


@pytest.mark.parametrize(
    "words",
    [
        pytest.param("exceeded quota: jobs, limited: count/jobs.batch=1", id="there is no room"),
        pytest.param("status unknown for quota: jobs, resources: count/jobs.batch", id="it has not been counted yet"),
    ],
)
async def test_what_a_quota_refuses_is_told_as_that_and_tried_again(words: str) -> None:
    world = World(model())
    world.cluster.refused = {"Job": ApiError(403, f"jobs is forbidden: {words}")}
    assert await world.reconcile() == 60
    assert world.ready_reason() == "QuotaExceeded"
    world.cluster.refused.clear()
    await world.reconcile()
    assert world.ready_reason() == "Preparing"
