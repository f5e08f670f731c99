"""Those who act on what the operator writes: what moves Jobs, what KServe does, and the garbage collector."""

import asyncio
import json
from collections.abc import Coroutine
from typing import Any

import msgspec
from kubernetes.aio.dynamic import DynamicClient
from kubernetes.aio.dynamic.exceptions import DynamicApiError

from tests.operator.faults.answers import BROKEN, deployment_status, job_status, outcome_of, owner, pod_template, time
from transformermodel_api.contract import Failed, write_outcome
from transformermodel_api.failures import FailureReason
from transformermodel_operator.objects import MODEL_LABEL

Object = dict[str, Any]

_PLACES = {
    "Pod": "/api/v1/namespaces/{}/pods",
    "Job": "/apis/batch/v1/namespaces/{}/jobs",
    "Deployment": "/apis/apps/v1/namespaces/{}/deployments",
    "ControllerRevision": "/apis/apps/v1/namespaces/{}/controllerrevisions",
    "PodDisruptionBudget": "/apis/policy/v1/namespaces/{}/poddisruptionbudgets",
    "InferenceService": "/apis/serving.kserve.io/v1beta1/namespaces/{}/inferenceservices",
    "TransformerModel": "/apis/transformermodel.dev/v1alpha1/namespaces/{}/transformermodels",
    "Lease": "/apis/coordination.k8s.io/v1/namespaces/{}/leases",
    "Event": "/apis/events.k8s.io/v1/namespaces/{}/events",
    "RuntimeClass": "/apis/node.k8s.io/v1/runtimeclasses",
    "PersistentVolumeClaim": "/api/v1/namespaces/{}/persistentvolumeclaims",
}


class Administrator:
    """Calls of somebody who may do everything, in one namespace.

    Args:
        client: of the API server itself: nothing goes wrong here.
        namespace: where.
    """

    def __init__(self, client: DynamicClient, namespace: str) -> None:
        self._client = client
        self.namespace = namespace

    async def apply(self, document: Object, subresource: str = "", manager: str = "tests") -> Object:
        """Server-side apply."""
        namespace = {"namespace": self.namespace} if "{}" in _PLACES[document["kind"]] else {}
        metadata = {**document["metadata"], **namespace}
        path = f"{self._place(document['kind'])}/{metadata['name']}" + (f"/{subresource}" if subresource else "")
        return await self._call(
            "patch",
            path,
            body={**document, "metadata": metadata},
            content_type="application/apply-patch+yaml",
            field_manager=manager,
            force_conflicts="true",
        )

    async def create(self, document: Object) -> Object:
        """Create an object."""
        return await self._call("post", self._place(document["kind"]), body=document)

    async def replace_spec(self, kind: str, name: str, spec: Object) -> Object:
        """Give an object another spec, whatever it had, and be as strict about it as `kubectl replace`."""
        return await self._call(
            "patch",
            f"{self._place(kind)}/{name}",
            body=[{"op": "replace", "path": "/spec", "value": spec}],
            content_type="application/json-patch+json",
            query_params=[("fieldValidation", "Strict")],
        )

    async def merge(self, kind: str, name: str, change: Object, subresource: str = "") -> Object:
        """Merge patch."""
        path = f"{self._place(kind)}/{name}" + (f"/{subresource}" if subresource else "")
        return await self._call("patch", path, body=change, content_type="application/merge-patch+json")

    async def all(self, kind: str) -> list[Object]:
        """All objects of a kind."""
        found: list[Object] = (await self._call("get", self._place(kind)))["items"]
        return found

    async def one(self, kind: str, name: str) -> Object:
        """An object."""
        return await self._call("get", f"{self._place(kind)}/{name}")

    async def delete(self, kind: str, name: str) -> None:
        """Delete an object."""
        body = {"propagationPolicy": "Background", "gracePeriodSeconds": 0}
        await self._call("delete", f"{self._place(kind)}/{name}", body=body)

    def _place(self, kind: str) -> str:
        return _PLACES[kind].format(self.namespace)

    async def _call(self, method: str, path: str, **parameters: Any) -> Object:
        answer = await self._client.request(method, path, serialize=False, **parameters)
        document: Object = msgspec.json.decode(await answer.read())
        return document


class Bystanders:
    """Answers to what the operator writes; a state is answered once, however often it is written.

    Args:
        administrator: as whom they act.
    """

    def __init__(self, administrator: Administrator) -> None:
        self._administrator = administrator
        self._answered: dict[str, str] = {}
        self._acting: set[asyncio.Task[None]] = set()

    def hear(self, document: Object) -> None:
        """The operator has written an object."""
        kind, metadata = document.get("kind"), document.get("metadata", {})
        if kind == "Job":
            self._answer(metadata["uid"], "", self._run_job(document))
        elif kind == "InferenceService":
            predictor = document["spec"]["predictor"]
            self._answer(metadata["uid"], json.dumps(predictor, sort_keys=True), self._serve(document))
        elif (deleted := document.get("details", {})).get("kind") == "inferenceservices":
            end = self._administrator.delete("Deployment", f"{deleted['name']}-predictor")
            self._answer(deleted["uid"], "deleted", end)

    async def settle(self) -> None:
        """Wait until they have done what they do.

        Raises:
            Exception: one of them could not.
        """
        while self._acting:
            await asyncio.gather(*self._acting)

    async def collect_garbage(self, owner: Object) -> None:
        """What the garbage collector does when an owner has gone."""
        await self.settle()
        for kind in ("Job", "InferenceService", "ControllerRevision", "PodDisruptionBudget"):
            for child in await self._administrator.all(kind):
                owners = [reference["uid"] for reference in child["metadata"].get("ownerReferences", ())]
                if owners == [owner["metadata"]["uid"]]:
                    await self._administrator.delete(kind, child["metadata"]["name"])
                    if kind == "InferenceService":
                        await self._administrator.delete("Deployment", f"{child['metadata']['name']}-predictor")

    def _answer(self, uid: str, state: str, action: Coroutine[Any, Any, None]) -> None:
        if self._answered.get(uid) == state:
            action.close()
            return
        self._answered[uid] = state
        task = asyncio.create_task(action)
        self._acting.add(task)
        task.add_done_callback(self._acting.discard)

    async def _run_job(self, job: Object) -> None:
        """The Job's pod ends, and the Job with it."""
        outcome = outcome_of(job)
        template, name = job["spec"]["template"], job["metadata"]["name"]
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": f"{name}-pod",
                "labels": {**template["metadata"]["labels"], "batch.kubernetes.io/job-name": name},
                "ownerReferences": [owner(job)],
            },
            "spec": template["spec"],
        }
        await self._administrator.apply(pod)
        ended = {
            "exitCode": FailureReason[outcome.reason].exit_status if isinstance(outcome, Failed) else 0,
            "message": "" if outcome is None else write_outcome(outcome),
            "reason": "Error" if isinstance(outcome, Failed) else "Completed",
            "startedAt": time(0),
            "finishedAt": time(60),
        }
        status = {
            "name": template["spec"]["containers"][0]["name"],
            "image": "predictor:1",
            "imageID": "",
            "ready": False,
            "restartCount": 0,
            "state": {"terminated": ended},
        }
        phase = "Failed" if isinstance(outcome, Failed) else "Succeeded"
        change = {"status": {"phase": phase, "containerStatuses": [status]}}
        await self._administrator.merge("Pod", f"{name}-pod", change, "status")
        await self._administrator.merge("Job", name, {"status": job_status(outcome)}, "status")

    async def _serve(self, service: Object) -> None:
        """KServe makes the Deployment; its pods become ready, unless they are broken.

        Where the API server refuses the Deployment, KServe leaves all as it is and tries again.
        """
        name, predictor = f"{service['metadata']['name']}-predictor", service["spec"]["predictor"]
        replicas = predictor.get("minReplicas", 1)
        labels = {"app": f"isvc.{name}"}
        deployment = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {
                "name": name,
                "labels": {MODEL_LABEL: service["metadata"]["labels"][MODEL_LABEL]},
                "ownerReferences": [owner(service)],
            },
            "spec": {
                "replicas": replicas,
                "selector": {"matchLabels": labels},
                "template": pod_template(predictor, labels),
            },
        }
        try:
            made = await self._administrator.apply(deployment, manager="kserve")
        except DynamicApiError as error:
            if error.status != 422:
                raise
            return
        broken = BROKEN in json.dumps(predictor)
        status = deployment_status(made["metadata"]["generation"], replicas, broken=broken)
        await self._administrator.merge("Deployment", name, {"status": status}, "status")
        answers = {"url": f"http://{name}.{self._administrator.namespace}.svc.cluster.local"}
        conditions = [{"type": kind, "status": "True"} for kind in ("PredictorReady", "Ready")]
        change = {"status": {"address": answers, "conditions": conditions}}
        await self._administrator.merge("InferenceService", service["metadata"]["name"], change, "status")
