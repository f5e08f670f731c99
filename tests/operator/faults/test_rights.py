"""The operator uses every right that the chart gives it, lacks none, and never asks for a secret."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.operator.faults.api_server import ApiServer
from tests.operator.faults.bystanders import Bystanders
from tests.operator.faults.proxy import Object, Proxy
from tests.operator.faults.rights import USER, operator_rules
from tests.operator.faults.scenario import live_a_life, manifest
from tests.operator.faults.stage import NAME, Stage
from tests.operator.faults.test_leader import PERIODS
from tests.operator.faults.theatre import Boards, Theatre

Right = tuple[str, str, str]
"""API group, resource with its subresource, verb."""

QUOTA = "exceeded quota: pods"
ASKED_BY_ADMISSION = {("transformermodel.dev", "transformermodels/finalizers", "update")}
"""No request needs it, but the API server's admission of owner references does."""


@pytest.fixture(scope="module")
def asked(theatre: Theatre) -> list[dict[str, Any]]:
    """All that the operator asks for while models live, each in its own way."""

    def in_a_namespace_of_its_own(scene: Callable[[Stage], Awaitable[object]]) -> Callable[[Boards], Awaitable[None]]:
        async def play(boards: Boards) -> None:
            namespace = scene.__name__.replace("_", "-")
            async with boards.staged(namespace, Proxy(theatre.server.url, boards.session), PERIODS) as stage:
                await scene(stage)

        return play

    scenes = (live_a_life, scale_down_and_outgrow_the_history, leave_with_the_artifacts, wait_for_a_pod)
    theatre.play([in_a_namespace_of_its_own(scene) for scene in scenes])
    return requests(theatre.server)


async def scale_down_and_outgrow_the_history(stage: Stage) -> None:
    await _apply(stage, "first")
    await _apply(stage, "second", predictor={"minReplicas": 1}, rollout={"revisionHistoryLimit": 0})
    await _apply(stage, "third", predictor={"minReplicas": 1}, rollout={"revisionHistoryLimit": 0})


async def leave_with_the_artifacts(stage: Stage) -> None:
    await _apply(stage, "first", deletionPolicy="Delete")
    await stage.administrator.delete("TransformerModel", NAME)
    await stage.settle()
    assert await stage.administrator.all("TransformerModel") == []


async def wait_for_a_pod(stage: Stage) -> None:
    """The next pod of a Job is refused, of which events alone tell."""
    stage.bystanders = Refusing(stage.administrator)
    await stage.administrator.apply(manifest("first"))
    await stage.until(lambda model: QUOTA in json.dumps(model.get("status")))


class Refusing(Bystanders):
    """The first pod of a Job has gone, and there is no room for another."""

    async def _run_job(self, job: Object) -> None:
        event = {
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {"name": "refused"},
            "type": "Warning",
            "reason": "FailedCreate",
            "note": QUOTA,
            "action": "Create",
            "eventTime": "2026-01-01T12:00:00.000000Z",
            "reportingController": "job-controller",
            "reportingInstance": "one",
            "regarding": {
                "apiVersion": "batch/v1",
                "kind": "Job",
                **{name: job["metadata"][name] for name in ("namespace", "name", "uid")},
            },
        }
        await self._administrator.apply(event)
        await self._administrator.merge("Job", job["metadata"]["name"], {"status": {"failed": 1}}, "status")


async def _apply(stage: Stage, revision: str, **spec: object) -> None:
    document = manifest(revision)
    await stage.administrator.apply({**document, "spec": {**document["spec"], **spec}})
    await stage.settle()


def requests(server: ApiServer) -> list[dict[str, Any]]:
    """What the operator's account has asked for."""
    lines = server.audit_log.read_text().splitlines(keepends=True)
    entries = (json.loads(line) for line in lines if line.endswith("\n"))
    return [entry for entry in entries if entry["user"]["username"] == USER and "objectRef" in entry]


def rights(entry: dict[str, Any]) -> set[Right]:
    """The rights that a request needs; to apply what is not there yet is to patch and to create."""
    target = entry["objectRef"]
    subresource = f"/{target['subresource']}" if "subresource" in target else ""
    created = {"create"} if entry.get("responseStatus", {}).get("code") == 201 else set()
    return {
        (target.get("apiGroup", ""), f"{target['resource']}{subresource}", verb) for verb in {entry["verb"], *created}
    }


def given() -> set[Right]:
    return {
        (group, resource, verb)
        for rule in operator_rules()
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def test_nothing_is_asked_for_in_vain(asked: list[dict[str, Any]]) -> None:
    """What a quota refuses, as in other tests on this server, is no right that is missing."""
    forbidden = [rights(entry) for entry in asked if entry["annotations"]["authorization.k8s.io/decision"] != "allow"]
    assert forbidden == []


def test_no_right_is_left_unused(asked: list[dict[str, Any]]) -> None:
    unused = given() - set().union(*map(rights, asked)) - ASKED_BY_ADMISSION
    assert unused == set()


def test_no_secret_is_ever_asked_for(asked: list[dict[str, Any]]) -> None:
    assert {entry["objectRef"]["resource"] for entry in asked} & {"secrets", "configmaps", "serviceaccounts"} == set()


def test_children_may_hold_up_the_end_of_their_owner_by_the_right_to_its_finalizers(theatre: Theatre) -> None:
    """Without it the API server would refuse every child: as somebody who may do all the rest."""
    account = "system:serviceaccount:system:without"
    rules: list[Object] = [
        {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["create"]},
        {"apiGroups": ["transformermodel.dev"], "resources": ["transformermodels"], "verbs": ["get", "list"]},
    ]
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "without"}}
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "without"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "without"},
        "subjects": [{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": account}],
    }
    items = {"apiVersion": "v1", "kind": "List", "items": [{**role, "rules": rules}, binding]}
    theatre.server.kubectl("apply", "-f", "-", given=json.dumps(items))
    with pytest.raises(AssertionError, match="cannot set blockOwnerDeletion"):
        theatre.server.kubectl("create", f"--as={account}", "-f", "-", given=json.dumps(a_child()))


def a_child() -> Object:
    owner = {
        "apiVersion": "transformermodel.dev/v1alpha1",
        "kind": "TransformerModel",
        "name": NAME,
        "uid": "3f0f3f0f-0000-4000-8000-000000000000",
        "controller": True,
        "blockOwnerDeletion": True,
    }
    pod = {"restartPolicy": "Never", "containers": [{"name": "prepare", "image": "predictor:1"}]}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "child", "namespace": "default", "ownerReferences": [owner]},
        "spec": {"template": {"spec": pod}},
    }
