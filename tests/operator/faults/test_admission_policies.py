"""The chart's policies about models, on the real API server: what is refused, with which sentence, and what is not."""

import json
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.chart.chart import HELM, Chart, of_kind
from tests.cluster.node.processes import wait_until
from tests.operator.faults.stage import NAME, PATIENCE
from tests.operator.faults.theatre import Theatre
from tests.unit.api.wrong_manifests import changed

WATCHED, TRUSTED, ELSEWHERE = "policies-watched", "policies-trusted", "policies-elsewhere"
LABEL = {"transformermodel.dev/remote-code": "allowed"}
HOSTILE = [
    'https://a/"]+["hf://other',
    "https://b/'||true||'",
    'https://c/").matches(".*")||("',
    "https://d/\\",
    "https://e/{{.Release.Name}}",
    "https://f/${{}}%s%!",
]
"""Values that would be something else than places, were they not kept inside of strings."""
POLICIES = {
    "allowedSources": ["hf://acme", "s3://models/released/", "https://files.example.com/models", "az://", *HOSTILE],
    "allowedStorage": ["pvc://models", "s3://artifacts/west"],
    "remoteCode": {"onlyInLabelledNamespaces": True},
}
FOREIGN = {
    "source": {"uri": "hf://other/model", "revision": "v1", "trustRemoteCode": "Allowed"},
    "storage": {"uri": "s3://elsewhere"},
}
"""What all policies forbid."""


GOOD = {"source__uri": "hf://acme/model"}


@dataclass(frozen=True)
class User:
    """Somebody who may do everything that no policy forbids."""

    client: httpx.Client

    def make(self, namespace: str, *, trial: bool = True, **spec: Any) -> str | None:
        """Create a model, or only try to; the sentence with which it is refused."""
        document = changed(metadata__name="trial" if trial else NAME, **spec)
        return _refusal(self.client.post(_models(namespace), json=document, params={"dryRun": "All"} if trial else {}))

    def change(self, change: object, subresource: str = "") -> str | None:
        """Merge a change into the model that was there before; the sentence with which it is refused."""
        header = {"Content-Type": "application/merge-patch+json"}
        path = f"{_models(WATCHED)}/{NAME}{subresource}"
        return _refusal(self.client.patch(path, content=json.dumps(change), headers=header))


def _models(namespace: str) -> str:
    return f"/apis/transformermodel.dev/v1alpha1/namespaces/{namespace}/transformermodels"


def _refusal(answer: httpx.Response) -> str | None:
    if answer.is_success:
        return None
    words = str(answer.json()["message"])
    assert answer.status_code == 422, words
    return words.partition(" denied request: ")[2]


@pytest.fixture(scope="module")
def user(theatre: Theatre) -> Iterator[User]:
    """The API server with the policies in force for two namespaces, one of them trusted; a model was there before."""
    server = theatre.server
    context = ssl.create_default_context(cafile=str(server.authority))
    context.load_cert_chain(server.admin.certificate, server.admin.key)
    with httpx.Client(base_url=server.url, verify=context, trust_env=False, timeout=PATIENCE) as client:
        found = User(client)
        for namespace, labels in ((WATCHED, {}), (TRUSTED, LABEL), (ELSEWHERE, {})):
            metadata = {"name": namespace, "labels": labels}
            client.post("/api/v1/namespaces", json={"metadata": metadata}).raise_for_status()
        assert found.make(WATCHED, trial=False, **FOREIGN) is None
        values = {"admissionPolicies": POLICIES, "watchNamespaces": [WATCHED, TRUSTED]}
        rendered = Chart(HELM).render(values, release="policies")
        policies = of_kind(rendered, "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding")
        items = json.dumps({"apiVersion": "v1", "kind": "List", "items": policies})
        server.kubectl("apply", "--server-side", "--validate=strict", "--filename=-", given=items)
        wait_until(lambda: _all_in_force(found), "policies in force", seconds=PATIENCE)
        yield found
        server.kubectl("delete", "--wait=false", "--filename=-", given=items)


def _all_in_force(user: User) -> bool:
    """The API server heeds a policy a moment after it has taken it."""
    forbidden = (
        {"source__uri": "hf://other/model"},
        {"storage__uri": "gs://x"},
        {"source__trustRemoteCode": "Allowed"},
    )
    return all(user.make(WATCHED, **{**GOOD, **spec}) is not None for spec in forbidden)


@pytest.mark.parametrize(
    "uri",
    [
        "hf://acme/model",
        "s3://models/released",
        "s3://models/released/a/b..c",
        "https://files.example.com/models/a.zip?signature=../x#sha256=0",
        "az://anything/at/all",
        *HOSTILE,
    ],
)
def test_a_source_among_the_allowed_places_or_below_one_is_let_in(user: User, uri: str) -> None:
    assert user.make(WATCHED, source__uri=uri) is None


@pytest.mark.parametrize(
    "uri",
    [
        "hf://acme-too/model",
        "hf://other/model",
        "hf://acme/..",
        "s3://models/released/../secret",
        "s3://models/release",
        "gs://models/released",
        "https://files.example.com/models-of-others/a.zip",
        "https://files.example.com.example.org/models/a.zip",
        "https://files.example.com@example.org/models/a.zip",
        "https://files.example.com/models/%2e%2E/a.zip",
        "https://files.example.com/models/a%2f..%2f..%2fb.zip",
        "https://files.example.com/models/..\\b.zip",
        "https://files.example.com?/models/a.zip",
    ],
)
def test_any_other_source_is_refused(user: User, uri: str) -> None:
    assert user.make(WATCHED, source__uri=uri) is not None


@pytest.mark.parametrize(
    ("field", "uri"),
    [
        ("source.uri", "hf://other/model"),
        ("source.adapterUri", "hf://other/adapter"),
        ("preparation.parity.samplesUri", "s3://other/samples"),
    ],
)
def test_each_field_that_names_a_source_is_told_with_what_helps(user: User, field: str, uri: str) -> None:
    spec = {**GOOD, field.replace(".", "__"): uri}
    places = " or ".join(POLICIES["allowedSources"])
    assert user.make(WATCHED, **spec) == (
        f"spec.{field} is none of the places from which models may come in this namespace: name {places}, or something "
        "below. The cluster's administrator can allow others."
    )


@pytest.mark.parametrize("uri", [None, "pvc://models", "pvc://models/a/b", "s3://artifacts/west/x"])
def test_artifacts_may_be_kept_in_the_allowed_places_and_in_the_default_one(user: User, uri: str | None) -> None:
    storage = {} if uri is None else {"storage__uri": uri}
    assert user.make(WATCHED, **GOOD, **storage) is None


@pytest.mark.parametrize("uri", ["pvc://models-of-others", "s3://artifacts", "pvc://models/../others", "gs://models"])
def test_artifacts_may_be_kept_nowhere_else(user: User, uri: str) -> None:
    assert user.make(WATCHED, **GOOD, storage__uri=uri) == (
        "spec.storage.uri is none of the places where artifacts may be kept in this namespace: name pvc://models or "
        "s3://artifacts/west, or something below. The cluster's administrator can allow others."
    )


def test_code_of_models_runs_only_in_namespaces_with_the_label(user: User) -> None:
    spec = {**GOOD, "source__trustRemoteCode": "Allowed"}
    assert user.make(TRUSTED, **spec) is None
    assert user.make(WATCHED, **spec) == (
        "spec.source.trustRemoteCode may be Allowed only in namespaces with the label "
        "transformermodel.dev/remote-code=allowed: leave it out and use a model without code of its own, or have the "
        "cluster's administrator label this namespace."
    )


def test_namespaces_that_the_release_does_not_watch_are_left_alone(user: User) -> None:
    assert user.make(ELSEWHERE, **FOREIGN) is None


def test_a_model_from_before_lives_on_and_may_say_nothing_else_that_is_forbidden(user: User) -> None:
    """The operator could not let go of a deleted model otherwise, and nobody could suspend one."""
    assert user.change({"metadata": {"finalizers": ["transformermodel.dev/artifacts"]}}) is None
    assert user.change({"metadata": {"finalizers": None}, "spec": {"suspend": True}}) is None
    assert user.change({"status": {"commit": "0123abc"}}, "/status") is None
    assert user.change({"spec": {"source": {"revision": "v2"}}}) is not None
    assert user.change({"spec": {"storage": {"uri": "s3://elsewhere/too"}}}) is not None
    assert user.change({"spec": {"source": {"uri": "hf://acme/model", "trustRemoteCode": "Forbidden"}}}) is None
