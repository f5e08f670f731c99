"""The resource on the real API server: what it says, what it refuses, and that validation off-cluster agrees."""

import json
import re
import ssl
from collections.abc import Callable, Iterator

import httpx
import pytest
import yaml
from hypothesis import HealthCheck, given, settings

from tests.cluster.kubernetes import Kubernetes, served
from tests.cluster.node.run import REPOSITORY
from tests.unit.api.generated import manifests
from tests.unit.api.wrong_manifests import SOUND, WRONG_MANIFESTS, WrongManifest, changed
from transformermodel_api.crd import resource_schema
from transformermodel_api.model import TransformerModel
from transformermodel_api.schema import Schema
from transformermodel_api.validation import problems

CRD = "transformermodels.transformermodel.dev"
CRDS = REPOSITORY / "crds"
NAMESPACE = "resource"
OF_EVERY_KIND = {"apiVersion", "kind", "metadata"}
"""Fields that the API server describes itself."""
EXAMPLES = sorted((REPOSITORY / "examples").glob("*/*.yaml"))
REMARK = "<nil>: Invalid value: null: some validation rules were not checked"
"""The server's own remark that it has not looked at everything; it names no field."""
AGREEMENT = settings(
    max_examples=100, deadline=None, derandomize=True, database=None, suppress_health_check=[*HealthCheck]
)
Post = Callable[..., httpx.Response]
"""Sends a manifest to the API server, to be created; options are the query's."""
COMPLETE = {
    "source": {"uri": "hf://org/name", "revision": "v1", "adapterUri": "hf://org/adapter", "adapterRevision": "v2"},
    "preparation": {"maxLength": 128, "labels": ["NO", "YES"], "resources": {"limits": {"cpu": 1, "memory": "2Gi"}}},
    "tests": [{"input": {"text": "Good.", "textPair": "Bad."}, "expect": {"label": "NO", "score": "0.95"}}],
    "storage": {"uri": "pvc://models/here"},
    "predictor": {"nodeSelector": {"gpu": "no"}, "tolerations": [{"key": "a", "operator": "Exists"}]},
}


@pytest.fixture(scope="module")
def api(kubernetes_alone: Kubernetes) -> Iterator[Kubernetes]:
    """An API server that knows the resource, by plain `kubectl apply -f crds/`, and nobody who reconciles it."""
    kubernetes = kubernetes_alone
    kubernetes.kubectl("apply", "-f", CRDS)
    kubernetes.wait("crd", CRD, None, until=served)
    kubernetes.kubectl("create", "namespace", NAMESPACE)
    yield kubernetes
    kubernetes.kubectl("delete", "namespace", NAMESPACE, "--wait=false")
    kubernetes.kubectl("delete", "crd", CRD)


@pytest.fixture
def model(api: Kubernetes) -> Iterator[str]:
    """A model that nobody reconciles."""
    manifest = changed(metadata__name="shown", suspend=True)
    api.kubectl("create", "-n", NAMESPACE, "-f", "-", input=json.dumps(manifest))
    yield "shown"
    api.kubectl("delete", "-n", NAMESPACE, "tfm", "shown")


@pytest.fixture(scope="module")
def post(api: Kubernetes) -> Iterator[Post]:
    """The way to the API server without kubectl, whose start takes many times what is asked."""
    (user,) = json.loads(api.kubeconfig.read_text())["users"]
    (cluster,) = json.loads(api.kubeconfig.read_text())["clusters"]
    context = ssl.create_default_context(cafile=cluster["cluster"]["certificate-authority"])
    context.load_cert_chain(user["user"]["client-certificate"], user["user"]["client-key"])
    path = f"/apis/transformermodel.dev/v1alpha1/namespaces/{NAMESPACE}/transformermodels"
    headers = {"Content-Type": "application/json"}
    with httpx.Client(base_url=cluster["cluster"]["server"], verify=context, trust_env=False, timeout=60) as client:

        def ask(document: object, **options: str) -> httpx.Response:
            parameters = {"fieldValidation": "Strict", **options}
            content = json.dumps(document)
            return api.call_in_network(client.post, path, params=parameters, content=content, headers=headers)

        yield ask


def refusal(api: Kubernetes, document: object) -> set[str]:
    """The sentences with which the API server, through kubectl, refuses a manifest; none when it would take it."""
    # Not apply: without a name that one looks for the live object first, and fails before anything is validated.
    create = ("create", "-n", NAMESPACE, "--dry-run=server", "-f", "-")
    done = api.kubectl(*create, input=json.dumps(document), check=False)
    return sentences(done.stderr) if done.returncode else set()


def sentences(text: str) -> set[str]:
    """The sentences in what kubectl writes, or all of it where there are none."""
    _, is_strict, unknown = text.partition("strict decoding error: ")
    if is_strict:
        return set(re.findall(r'unknown field "[^"]*"', unknown))
    for introduction in (" is invalid: ", 'unable to decode "STDIN": '):
        _, found, listed = text.partition(introduction)
        if found:
            return {line for line in listed.strip().removeprefix("* ").split("\n* ") if not line.startswith(REMARK)}
    return {text}


def told(answer: httpx.Response) -> set[str]:
    """The sentences in an answer of the API server's, as kubectl shows them; none when it takes what it was sent."""
    if answer.is_success:
        return set()
    status = answer.json()
    if status["reason"] != "Invalid":
        return sentences(status["message"])
    found = {f"{cause['field']}: {cause['message']}" for cause in status["details"]["causes"]}
    return {sentence for sentence in found if not sentence.startswith(REMARK)}


def test_the_crd_is_applied_twice_by_plain_kubectl(api: Kubernetes) -> None:
    assert f"{CRD} unchanged" in api.kubectl("apply", "-f", CRDS).stdout


@pytest.mark.parametrize("wrong", WRONG_MANIFESTS, ids=lambda wrong: wrong.name)
def test_a_wrong_manifest_is_refused_with_our_sentences(api: Kubernetes, wrong: WrongManifest) -> None:
    assert refusal(api, wrong.document) == set(problems(wrong.document)) == wrong.sentences


def test_nothing_of_a_wrong_manifest_is_accepted(api: Kubernetes, post: Post) -> None:
    for wrong in WRONG_MANIFESTS:
        assert post(wrong.document).is_client_error, wrong.name
    assert api.objects("tfm", NAMESPACE) == []


@AGREEMENT
@given(document=manifests())
def test_generated_manifests_are_judged_alike(post: Post, document: dict[str, object]) -> None:
    assert told(post(document, dryRun="All")) == set(problems(document))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_the_examples_are_accepted(api: Kubernetes, example: object) -> None:
    api.kubectl("apply", "-n", NAMESPACE, "--dry-run=server", "-f", example)


@pytest.mark.parametrize("document", [SOUND, changed(**COMPLETE)], ids=["least", "complete"])
def test_the_server_fills_in_the_defaults_of_the_types(api: Kubernetes, document: dict[str, object]) -> None:
    assert problems(document) == ()

    create = ("create", "-n", NAMESPACE, "--dry-run=server", "-o", "yaml", "-f", "-")
    stored = yaml.safe_load(api.kubectl(*create, input=json.dumps(document)).stdout)

    read = TransformerModel.read(document)
    assert stored["spec"] == read.spec.model_dump(mode="json", by_alias=True, exclude_none=True)


def test_explain_has_text_for_every_field(api: Kubernetes) -> None:
    for path, schema in objects_in(resource_schema(), "tfm"):
        text = " ".join(api.kubectl("explain", path).stdout.split())
        for name, field in schema["properties"].items():
            if name not in OF_EVERY_KIND:
                assert " ".join(field["description"].split()) in text, f"{path}.{name}"


def objects_in(schema: Schema, path: str) -> Iterator[tuple[str, Schema]]:
    """Every object with fields, and how `kubectl explain` calls it."""
    if "properties" in schema:
        yield path, schema
    for name, field in schema.get("properties", {}).items():
        yield from objects_in(field.get("items", field), f"{path}.{name}")


def test_the_short_name_and_the_category(api: Kubernetes, model: str) -> None:
    for name in ("tfm", "ml", "transformermodel", "transformermodels"):
        listed = api.kubectl("get", "-n", NAMESPACE, name, "-o", "name").stdout
        assert listed == f"transformermodel.transformermodel.dev/{model}\n"


def test_the_columns(api: Kubernetes, model: str) -> None:
    status = {
        "conditions": [
            {
                "type": "Ready",
                "status": "False",
                "reason": "Preparing",
                "message": "The model is being prepared.",
                "lastTransitionTime": "2026-01-01T00:00:00Z",
            }
        ],
        "commit": "0123abc" + 33 * "d",
        "shortCommit": "0123abc",
        "preparation": {"job": "prepare", "percent": 40},
        "url": "http://model",
    }
    patch = ("patch", "-n", NAMESPACE, "tfm", model, "--subresource=status", "--type=merge", "-p")
    api.kubectl(*patch, json.dumps({"status": status}))

    header, row = api.kubectl("get", "-n", NAMESPACE, "tfm").stdout.splitlines()

    assert header.split() == ["NAME", "READY", "REASON", "TASK", "COMMIT", "URL", "AGE"]
    assert row.split()[:-1] == [model, "False", "Preparing", "SequenceClassification", "0123abc", "http://model"]
    wide, more = api.kubectl("get", "-n", NAMESPACE, "tfm", "-o", "wide").stdout.splitlines()
    assert wide.split() == ["NAME", "READY", "REASON", "TASK", "COMMIT", "URL", "PREPARED%", "AGE"]
    assert more.split()[:-1] == [*row.split()[:-1], "40"]


def test_scale_changes_the_replicas_alone(api: Kubernetes, model: str) -> None:
    before = api.get("tfm", model, NAMESPACE)
    api.kubectl("scale", "-n", NAMESPACE, f"tfm/{model}", "--replicas=2")

    after = api.get("tfm", model, NAMESPACE)

    assert before is not None
    assert after is not None
    assert after["spec"] == {**before["spec"], "predictor": {**before["spec"]["predictor"], "minReplicas": 2}}
    assert after["metadata"]["generation"] == 2
    refused = api.kubectl("scale", "-n", NAMESPACE, f"tfm/{model}", "--replicas=1001", check=False)
    assert "spec.predictor.minReplicas in body should be less than or equal to 1000" in refused.stderr
    api.kubectl("scale", "-n", NAMESPACE, f"tfm/{model}", "--replicas=0")


def test_the_status_is_written_apart_from_the_spec(api: Kubernetes, model: str) -> None:
    patch = json.dumps({"status": {"commit": "x"}, "spec": {"suspend": False}})
    api.kubectl("patch", "-n", NAMESPACE, "tfm", model, "--subresource=status", "--type=merge", "-p", patch)
    api.kubectl("patch", "-n", NAMESPACE, "tfm", model, "--type=merge", "-p", '{"status": {"commit": "y"}}')

    document = api.get("tfm", model, NAMESPACE)

    assert document is not None
    assert (document["status"]["commit"], document["spec"]["suspend"]) == ("x", True)
