"""The Job that looks whether sources have moved: what it may read, and when it is another one."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

from tests.chart.pod_security import restricted_violations, writable_roots
from tests.operator.world import NOW, SETTINGS, Object, model
from transformermodel_api.contract import PreparationRequest
from transformermodel_api.model import TransformerModel
from transformermodel_operator.children.check_job import check_job

ON_CLAIMS = {"uri": "pvc://data/base", "adapterUri": "pvc://tuned/adapter", "secretRef": {"name": "token"}}


def build(document: Object | None = None, since: Any = NOW) -> Object:
    settings = replace(SETTINGS, hub_endpoint="http://hub")
    return check_job(TransformerModel.read(document or model()), since, settings)


def pod(job: Object) -> Object:
    spec: Object = job["spec"]["template"]["spec"]
    return spec


def test_it_asks_where_the_preparation_would() -> None:
    (container,) = pod(build(model(source={"uri": "hf://org/name", "secretRef": {"name": "token"}})))["containers"]
    variables = {variable["name"]: variable["value"] for variable in container["env"]}
    assert container["command"] == ["transformermodel", "resolve"]
    assert json.loads(variables["TRANSFORMERMODEL_REQUEST"])["source"]["uri"] == "hf://org/name"
    assert variables["TRANSFORMERMODEL_HUB_ENDPOINT"] == "http://hub"
    assert container["envFrom"] == [{"secretRef": {"name": "token", "optional": False}}]


def test_sources_on_claims_are_mounted_read_only_and_the_store_is_not() -> None:
    job = build(model(source=ON_CLAIMS))
    claims = {volume["persistentVolumeClaim"]["claimName"] for volume in pod(job)["volumes"][:-1]}
    (container,) = pod(job)["containers"]
    mounts = {mount["mountPath"]: mount.get("readOnly", False) for mount in container["volumeMounts"]}
    request = next(variable["value"] for variable in container["env"] if variable["name"] == "TRANSFORMERMODEL_REQUEST")
    assert claims == {"data", "tuned"}
    assert mounts == {"/mnt/sources/data": True, "/mnt/sources/tuned": True, "/scratch": False}
    assert PreparationRequest.model_validate_json(request).source.uri == "file:///mnt/sources/data/base"


def test_its_pod_is_restricted_and_needs_little() -> None:
    job = build()
    assert restricted_violations(pod(job)) == []
    assert writable_roots(pod(job)) == []
    assert pod(job)["containers"][0]["resources"] == {
        "requests": {"cpu": "50m", "memory": "256Mi"},
        "limits": {"memory": "1Gi"},
    }


def test_each_check_of_each_source_is_a_job_of_its_own() -> None:
    jobs = (
        build(),
        build(since=None),
        build(since=NOW + timedelta(hours=1)),
        build(model(source={"uri": "hf://org/name", "revision": "v2"})),
    )
    assert len({job["metadata"]["name"] for job in jobs}) == 4
    assert build() == build()
    assert len(build(model(metadata={"name": "m" * 40}))["metadata"]["name"]) <= 63
