"""What is around a model comes and goes: a quota, KServe, the node of a pod. Each is told, and waited for."""

import asyncio
import json
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web

from tests.operator.faults.answers import owner, time
from tests.operator.faults.api_server import ApiServer
from tests.operator.faults.bystanders import Administrator, Bystanders, Object
from tests.operator.faults.proxy import Proxy
from tests.operator.faults.scenario import manifest
from tests.operator.faults.stage import Stage
from tests.operator.faults.theatre import Boards, Theatre
from transformermodel_operator.reasons import Reason


class Disrupting(Bystanders):
    """The first pod of a Job is ended from outside; another one does the work when it may."""

    def __init__(self, administrator: Administrator, status: Object) -> None:
        super().__init__(administrator)
        self._status = status
        self.next_pod_may_run = asyncio.Event()

    async def _run_job(self, job: Object) -> None:
        name, template = job["metadata"]["name"], job["spec"]["template"]
        labels = {**template["metadata"]["labels"], "batch.kubernetes.io/job-name": name}
        metadata = {"name": f"{name}-first", "labels": labels, "ownerReferences": [owner(job)]}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}
        await self._administrator.apply(pod)
        await self._administrator.merge("Pod", metadata["name"], {"status": self._status}, "status")
        at_work = {"startTime": time(0), "failed": 1, "ready": 0}
        await self._administrator.merge("Job", name, {"status": at_work}, "status")
        await self.next_pod_may_run.wait()
        await super()._run_job(job)


class WithoutKServe(Proxy):
    """Of KServe's API the operator hears what an API server answers that does not have it, until it is installed."""

    kserve_is_installed = False

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        if self.kserve_is_installed or "/serving.kserve.io/" not in request.path:
            return await super()._answer(request)
        token = {"Authorization": request.headers["Authorization"]}
        unknown = request.path.replace("/v1beta1/", "/v0/")
        async with self._session.get(self._upstream + unknown, headers=token) as answer:
            return web.Response(body=await answer.read(), status=answer.status)


def played(theatre: Theatre, namespace: str, play: Callable[[Stage], Awaitable[None]]) -> None:
    async def act(boards: Boards) -> None:
        async with boards.staged(namespace, Proxy(theatre.server.url, boards.session)) as stage:
            await play(stage)

    theatre.play([act])


async def told(stage: Stage, kind: str, reason: str) -> str:
    """Wait until a condition has a reason; its message."""

    def holds(model: Object) -> bool:
        return any(
            (found["type"], found["reason"]) == (kind, reason)
            for found in model.get("status", {}).get("conditions", ())
        )

    model = await stage.until(holds)
    return next(found["message"] for found in model["status"]["conditions"] if found["type"] == kind)


def limit_jobs(server: ApiServer, namespace: str, count: int) -> None:
    """Let the namespace have so many Jobs; nobody else tells the API server what the quota comes to."""
    counted = "count/jobs.batch"
    hard = {"hard": {counted: str(count)}}
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "jobs", "namespace": namespace}}
    apply = ("apply", "--server-side", "--force-conflicts", "--filename=-")
    server.kubectl(*apply, given=json.dumps({**quota, "spec": hard}))
    status = {**hard, "used": {counted: "0"}}
    server.kubectl(*apply, "--subresource=status", given=json.dumps({**quota, "status": status}))


def test_a_quota_is_told_and_when_it_is_raised_the_model_goes_on(theatre: Theatre) -> None:
    async def play(stage: Stage) -> None:
        await asyncio.to_thread(limit_jobs, theatre.server, "quota", 0)
        await stage.administrator.apply(manifest("first"))
        message = await told(stage, "Prepared", "QuotaExceeded")
        assert "exceeded quota: jobs" in message
        await asyncio.to_thread(limit_jobs, theatre.server, "quota", 9)
        await told(stage, "Ready", "Ready")

    played(theatre, "quota", play)


def test_kserve_may_be_installed_after_the_models(theatre: Theatre) -> None:
    async def act(boards: Boards) -> None:
        proxy = WithoutKServe(theatre.server.url, boards.session)
        async with boards.staged("without-kserve", proxy) as stage:
            await stage.administrator.apply(manifest("first"))
            message = await told(stage, "PredictorReady", "KServeMissing")
            assert "install it, and the model will be served" in message
            proxy.kserve_is_installed = True
            await told(stage, "Ready", "Ready")

    theatre.play([act])


TAINTED = {
    "type": "DisruptionTarget",
    "status": "True",
    "reason": "DeletionByTaintManager",
    "message": "NoExecute taint",
}


@pytest.mark.parametrize(
    ("status", "reason", "words"),
    [
        (
            {"reason": "Evicted", "message": "The node was low on resource: memory."},
            "Evicted",
            "low on resource: memory",
        ),
        ({"conditions": [TAINTED]}, "NodeLost", "NoExecute taint"),
    ],
)
def test_what_ends_a_preparation_from_outside_is_told_while_another_pod_takes_its_place(
    theatre: Theatre, status: Object, reason: str, words: str
) -> None:
    async def play(stage: Stage) -> None:
        stage.bystanders = jobs = Disrupting(stage.administrator, {"phase": "Failed", **status})
        await stage.administrator.apply(manifest("first"))
        message = await told(stage, "Prepared", reason)
        assert words in message
        assert Reason.named(reason).meaning in message
        jobs.next_pod_may_run.set()
        await told(stage, "Ready", "Ready")

    played(theatre, reason.lower(), play)
