"""Explanations in every protocol: what is asked, what comes back, and what is refused with what is possible."""

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import httpx
import pytest

from tests.predictor.gated import PATIENCE_SECONDS
from tests.predictor.server.running import RunningServer, running
from tests.predictor.server.test_grpc import Client, infer_members
from tests.predictor.tiny import LABELS, MAX_LENGTH
from transformermodel_api.explanations import Explanations
from transformermodel_predictor.explanations.explanation import Method
from transformermodel_predictor.loading import LoadedModel
from transformermodel_predictor.protocols.messages import messages
from transformermodel_predictor.server.options import ServerOptions

TEXTS = ["i hate this movie", "good"]
TEXT = TEXTS[0]
TEXT_LIMIT = 1_000


@pytest.fixture(scope="module")
def server(tiny_model: LoadedModel) -> Iterator[RunningServer]:
    with running({"tiny": tiny_model}, ServerOptions(grpc_port=0, max_text_bytes=TEXT_LIMIT)) as server:
        yield server


@pytest.fixture(scope="module")
def client(server: RunningServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS) as client:
        yield client


@pytest.fixture(scope="module")
def rpc(server: RunningServer) -> Client:
    return Client(server.grpc_address)


@pytest.fixture(scope="module")
def labels(tiny_model: LoadedModel) -> list[str]:
    return [answer["label"] for answer in tiny_model.answer([{"text": text} for text in TEXTS])]


def v2_body(*texts: str, **more: Any) -> dict[str, Any]:
    return {"inputs": [{"name": "text", "datatype": "BYTES", "shape": [len(texts)], "data": list(texts)}], **more}


def outputs_of(response: httpx.Response) -> dict[str, list[Any]]:
    assert response.status_code == 200, response.text
    return {output["name"]: output["data"] for output in response.json()["outputs"]}


def words_of(explained: dict[str, Any]) -> list[str]:
    (explanation,) = explained["explanations"]
    return [word["text"] for word in explanation["words"]]


def test_metadata_say_what_may_be_asked(client: httpx.Client, rpc: Client) -> None:
    metadata = client.get("/v2/models/tiny").json()
    assert [output["name"] for output in metadata["outputs"]][-1] == "explanation"
    assert metadata["outputs"][-1]["parameters"] == {"optional": True, "content_type": "application/json"}
    facts = metadata["parameters"]["explanations"]
    assert facts["methods"].keys() == set(Method)
    assert facts["methods"]["lime"] == ["pad", "mask"]
    assert facts["parameters"]["steps"]["values"] == "a whole number from 1 to 1000"
    assert facts["parameters"]["method"]["default"] == "integrated_gradients"
    for method, baselines in facts["methods"].items():
        for baseline in baselines:
            asked = {"instances": [TEXT], "parameters": {"method": method, "baseline": baseline}}
            assert client.post("/v1/models/tiny:explain", json=asked).status_code == 200
    assert rpc("ModelMetadata", name="tiny").outputs[-1].name == "explanation"


def test_v1_explains_each_instance(client: httpx.Client, labels: list[str]) -> None:
    asked = {"instances": [TEXTS[0], {"text": TEXTS[1]}], "parameters": {"method": "feature_ablation"}}
    response = client.post("/v1/models/tiny:explain", json=asked)
    assert response.status_code == 200
    rows = response.json()["explanations"]
    assert [row["answer"]["label"] for row in rows] == labels
    assert [words_of(row) for row in rows] == [text.split() for text in TEXTS]
    assert [row["explanations"][0]["method"] for row in rows] == ["feature_ablation"] * 2


def test_v1_has_the_members_that_kserves_torchserve_runtime_answered(client: httpx.Client) -> None:
    (row,) = client.post("/v1/models/tiny:explain", json={"instances": [TEXT]}).json()["explanations"]
    (explanation,) = row["explanations"]
    assert row["words"] == [token["text"] for token in explanation["tokens"]] == TEXT.split()
    assert row["importances"] == [token["importance"] for token in explanation["tokens"]]
    assert row["delta"] == explanation["delta"]


def test_v2_has_one_output_more(client: httpx.Client, labels: list[str], tiny_model: LoadedModel) -> None:
    version = tiny_model.artifact.manifest.digest[:12]
    for url in ("/v2/models/tiny/explain", f"/v2/models/tiny/versions/{version}/explain"):
        outputs = outputs_of(client.post(url, json=v2_body(*TEXTS)))
        assert list(outputs) == ["label", "score", "explanation"]
        assert outputs["label"] == labels
        assert [words_of(json.loads(row)) for row in outputs["explanation"]] == [text.split() for text in TEXTS]


def test_infer_explains_where_it_is_asked_to(client: httpx.Client) -> None:
    quickly = {"method": "saliency"}  # in one step, so that not even the last digits differ
    asked = outputs_of(
        client.post("/v2/models/tiny/infer", json=v2_body(TEXT, parameters={**quickly, "explain": True}))
    )
    named = outputs_of(
        client.post("/v2/models/tiny/infer", json=v2_body(TEXT, parameters=quickly, outputs=[{"name": "explanation"}]))
    )
    both = v2_body(TEXT, parameters={"explain": True}, outputs=[{"name": "score"}])
    assert list(asked) == ["label", "score", "explanation"]
    assert named == {"explanation": asked["explanation"]}
    assert list(outputs_of(client.post("/v2/models/tiny/infer", json=both))) == ["score", "explanation"]
    assert "explanation" not in outputs_of(
        client.post("/v2/models/tiny/infer", json=v2_body(TEXT, parameters={"explain": False}))
    )


def test_the_tasks_parameters_stand_beside_those_of_the_explanation(client: httpx.Client) -> None:
    parameters = {"top_k": 2, "method": "saliency", "target": "NEUTRAL"}
    outputs = outputs_of(client.post("/v2/models/tiny/explain", json=v2_body(TEXT, parameters=parameters)))
    assert len(outputs["label"]) == 2
    (explanation,) = json.loads(outputs["explanation"][0])["explanations"]
    assert (explanation["method"], explanation["target"]) == ("saliency", "NEUTRAL")


def test_a_target_of_several_classes_is_a_json_text_in_v2(client: httpx.Client, rpc: Client) -> None:
    wanted = json.dumps(list(LABELS[:2]))
    rest = outputs_of(client.post("/v2/models/tiny/explain", json=v2_body(TEXT, parameters={"target": wanted})))
    parameters = {
        "explain": messages.InferParameter(bool_param=True),
        "target": messages.InferParameter(string_param=wanted),
    }
    answer = rpc("ModelInfer", **infer_members(TEXT, parameters=parameters))
    (explanation,) = [output.contents.bytes_contents[0] for output in answer.outputs if output.name == "explanation"]
    for document in (rest["explanation"][0], explanation):
        assert [one["target"] for one in json.loads(document)["explanations"]] == list(LABELS[:2])


def test_every_protocol_tells_whether_the_delta_came_under_the_tolerance(client: httpx.Client, rpc: Client) -> None:
    asked: list[tuple[dict[str, Any], bool | None]] = [
        ({"method": "integrated_gradients"}, True),
        ({"method": "integrated_gradients", "steps": 1, "max_steps": 1}, False),
        ({"method": "kernel_shap"}, True),
        ({"method": "saliency"}, None),
    ]
    for parameters, converged in asked:
        (v1,) = client.post("/v1/models/tiny:explain", json={"instances": [TEXT], "parameters": parameters}).json()[
            "explanations"
        ]
        v2 = outputs_of(client.post("/v2/models/tiny/explain", json=v2_body(TEXT, parameters=parameters)))
        told = {
            name: messages.InferParameter(**{"string_param" if isinstance(value, str) else "int64_param": value})
            for name, value in parameters.items()
        }
        explain = {"explain": messages.InferParameter(bool_param=True)}
        answer = rpc("ModelInfer", **infer_members(TEXT, parameters=told | explain))
        (grpcs,) = [output.contents.bytes_contents[0] for output in answer.outputs if output.name == "explanation"]
        for row in (v1, json.loads(v2["explanation"][0]), json.loads(grpcs)):
            assert [one["converged"] for one in row["explanations"]] == [converged]
        assert "converged" not in client.post("/explanations/tiny", content=TEXT, params=parameters).json()


def test_an_explanation_travels_as_bytes(client: httpx.Client, rpc: Client) -> None:
    asked = v2_body(TEXT, parameters={"explain": True, "binary_data_output": True}, outputs=[{"name": "explanation"}])
    response = client.post("/v2/models/tiny/infer", json=asked)
    length = int(response.headers["inference-header-content-length"])
    (output,) = json.loads(response.content[:length])["outputs"]
    tail = response.content[length:]
    assert (output["datatype"], output["shape"]) == ("BYTES", [1])
    assert output["parameters"]["binary_data_size"] == len(tail)
    assert words_of(json.loads(tail[4:])) == TEXT.split()

    explain = {"explain": messages.InferParameter(bool_param=True)}
    answer = rpc("ModelInfer", **infer_members(*TEXTS, raw=True, parameters=explain))
    assert [output.name for output in answer.outputs] == ["label", "score", "explanation"]
    assert len(answer.raw_output_contents) == 3


def test_torchserves_url_answers_in_the_ancestors_form(client: httpx.Client, tiny_model: LoadedModel) -> None:
    version = tiny_model.artifact.manifest.digest[:12]
    plain = client.post("/explanations/tiny", content=TEXT)
    answer = plain.json()
    assert plain.headers["content-type"] == "application/json"
    assert list(answer) == ["words", "importances", "delta"]
    assert answer["words"] == TEXT.split()
    again = client.put(f"/explanations/tiny/{version}", content=TEXT).json()
    assert again["importances"] == pytest.approx(answer["importances"], abs=1e-3)


def test_torchserves_bodies_have_a_target_in_json_and_in_pythons_notation(client: httpx.Client) -> None:
    def importances(**sent: Any) -> list[float]:
        response = client.post("/explanations/tiny?method=feature_ablation", **sent)
        assert response.status_code == 200, response.text
        return list(response.json()["importances"])

    url = "/explanations/tiny?method=feature_ablation&target=POSITIVE"
    wanted = pytest.approx(client.post(url, content=TEXT).json()["importances"], abs=1e-3)
    assert importances(content=f"{{'text': '{TEXT}', 'target': 2}}") == wanted
    assert importances(content=f'{{"text": "{TEXT}", "target": "POSITIVE"}}') == wanted
    assert importances(json={"text": TEXT, "target": 2}) == wanted
    assert importances(json={"data": TEXT, "target": [2]}) == wanted
    assert importances(data={"data": TEXT, "target": "2"}) == wanted
    assert importances(json={"text": TEXT, "target": 0}) != wanted


def test_a_text_that_is_too_long_is_explained_as_far_as_it_was_read(client: httpx.Client) -> None:
    long = "good " * 30
    room = MAX_LENGTH - 2
    (row,) = client.post("/v1/models/tiny:explain", json={"instances": [long]}).json()["explanations"]
    assert (len(words_of(row)), row["truncated_tokens"]) == (room, 30 - room)
    response = client.post("/v2/models/tiny/explain", json=v2_body("bad", long))
    assert response.json()["parameters"] == {"truncated_tokens": 30 - room, "truncated_rows": "1"}
    assert client.post("/explanations/tiny", content=long).headers["x-truncated-tokens"] == str(30 - room)


def test_a_text_of_nothing_has_nothing_to_explain(client: httpx.Client) -> None:
    for method in Method:
        asked = {"instances": [""], "parameters": {"method": method.value}}
        response = client.post("/v1/models/tiny:explain", json=asked)
        assert response.status_code == 200, response.text
        (row,) = response.json()["explanations"]
        assert row["answer"]["label"] in LABELS
        assert row["words"] == row["importances"] == []
        assert "NaN" not in response.text


Ask = Callable[[dict[str, Any]], str]
"""Asks with parameters, which are refused in the protocol's own form; the message."""


@pytest.fixture(params=["v1", "v2", "v2 infer", "grpc", "torchserve"])
def refusal(request: pytest.FixtureRequest, client: httpx.Client, rpc: Client) -> Ask:
    def v1(parameters: dict[str, Any]) -> str:
        response = client.post("/v1/models/tiny:explain", json={"instances": [TEXT], "parameters": parameters})
        assert (response.status_code, list(response.json())) == (400, ["error"])
        return str(response.json()["error"])

    def v2(parameters: dict[str, Any]) -> str:
        response = client.post("/v2/models/tiny/explain", json=v2_body(TEXT, parameters=parameters))
        assert (response.status_code, list(response.json())) == (400, ["error"])
        return str(response.json()["error"])

    def v2_infer(parameters: dict[str, Any]) -> str:
        asked = v2_body(TEXT, parameters={"explain": True, **parameters})
        response = client.post("/v2/models/tiny/infer", json=asked)
        assert (response.status_code, list(response.json())) == (400, ["error"])
        return str(response.json()["error"])

    def over_grpc(parameters: dict[str, Any]) -> str:
        kinds = {bool: "bool_param", int: "int64_param", str: "string_param"}
        told = {
            name: messages.InferParameter(**{kinds[type(value)]: value})
            for name, value in {"explain": True, **parameters}.items()
        }
        with pytest.raises(grpc.RpcError) as refused:
            rpc("ModelInfer", **infer_members(TEXT, parameters=told))
        assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        return str(refused.value.details())

    def torchserve(parameters: dict[str, Any]) -> str:
        response = client.post("/explanations/tiny", content=TEXT, params=parameters)
        document = response.json()
        assert (response.status_code, document["code"], document["type"]) == (400, 400, "BadRequestException")
        return str(document["message"])

    asking: dict[str, Ask] = {
        "v1": v1,
        "v2": v2,
        "v2 infer": v2_infer,
        "grpc": over_grpc,
        "torchserve": torchserve,
    }
    return asking[request.param]


BAD = [
    ({"method": "gradcam"}, ["method must be one of", *Method]),
    ({"baseline": "noise"}, ["baseline must be one of pad, mask, zero"]),
    ({"target": "HAPPY"}, ["target 'HAPPY' is not there", *LABELS]),
    ({"target": 7}, ["target", "7", "is not there", *LABELS]),
    ({"target": -1}, ["is not there", *LABELS]),
    ({"target": "[0, 9]"}, ["is not there", *LABELS]),
    ({"steps": 1001}, ["steps must be a whole number from 1 to 1000"]),
    ({"steps": 0}, ["steps must be a whole number from 1 to 1000"]),
    ({"max_steps": 100_000}, ["max_steps must be a whole number from 1 to 1000"]),
    ({"steps": 50, "max_steps": 20}, ["max_steps must be at least steps, which is 50"]),
    ({"samples": 5000}, ["samples must be a whole number from 1 to 1000"]),
    ({"tolerance": "much"}, ["tolerance must be a number from 0 to 1"]),
    ({"method": "lime", "baseline": "zero"}, ["baseline zero is not a token", "pad or mask"]),
    ({"colour": "red"}, ["parameter 'colour' is not known", "method, methods, target, baseline", "top_k"]),
]


@pytest.mark.parametrize(("parameters", "told"), BAD, ids=[str(parameters) for parameters, _ in BAD])
def test_what_cannot_be_explained_is_refused_with_what_is_possible(
    refusal: Ask, parameters: dict[str, Any], told: list[str]
) -> None:
    message = refusal(parameters)
    assert "\n" not in message
    for words in told:
        assert words in message


def test_bodies_without_a_text_are_refused(client: httpx.Client, rpc: Client) -> None:
    bodies: list[tuple[str, Any]] = [
        ("/v1/models/tiny:explain", {}),
        ("/v1/models/tiny:explain", {"instances": []}),
        ("/v1/models/tiny:explain", {"instances": [{}]}),
        ("/v1/models/tiny:explain", {"instances": [None]}),
        ("/v2/models/tiny/explain", {"inputs": []}),
        ("/v2/models/tiny/explain", v2_body()),
        ("/v2/models/tiny/explain", {}),
        ("/v2/models/tiny/infer", v2_body(TEXT, parameters={"explain": "yes"})),
        ("/explanations/tiny", {}),
        ("/explanations/tiny", {"target": 1}),
        ("/explanations/tiny", [TEXT]),
    ]
    for url, body in bodies:
        response = client.post(url, json=body)
        assert response.status_code == 400, (url, body, response.text)
    for url in ("/v1/models/tiny:explain", "/v2/models/tiny/explain", "/explanations/tiny"):
        assert client.post(url, content=b"\xff{").status_code == 400
    with pytest.raises(grpc.RpcError) as refused:
        rpc("ModelInfer", model_name="tiny", parameters={"explain": messages.InferParameter(bool_param=True)})
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_models_and_methods_that_are_not_there(client: httpx.Client) -> None:
    assert client.post("/v1/models/none:explain", json={"instances": [TEXT]}).status_code == 404
    assert client.post("/v2/models/none/explain", json=v2_body(TEXT)).status_code == 404
    assert client.post("/v2/models/tiny/versions/1/explain", json=v2_body(TEXT)).status_code == 404
    missing = client.post("/explanations/none", content=TEXT)
    assert (missing.status_code, missing.json()["type"]) == (404, "ModelNotFoundException")
    assert client.get("/v2/models/tiny/explain").status_code == 405
    assert client.get("/explanations/tiny").json()["type"] == "MethodNotAllowedException"


def test_a_form_of_explanations_that_is_not_there(client: httpx.Client) -> None:
    for url in ("/v2/models/tiny/explain", "/explanations/tiny"):
        assert (
            client.post(url, json=v2_body(TEXT) if "v2" in url else TEXT, params={"format": "json"}).status_code == 200
        )
        refused = client.post(url, json=v2_body(TEXT) if "v2" in url else TEXT, params={"format": "xml"})
        assert refused.status_code == 400
        assert "format must be" in refused.text


def test_more_text_than_allowed_is_refused_before_it_is_read(client: httpx.Client) -> None:
    long = "good " * TEXT_LIMIT
    assert client.post("/v1/models/tiny:explain", json={"instances": [long]}).status_code == 413
    assert client.post("/v2/models/tiny/explain", json=v2_body(long)).status_code == 413
    assert client.post("/explanations/tiny", content=long).status_code == 413


def test_a_deadline_ends_an_explanation(client: httpx.Client) -> None:
    asked = v2_body(TEXT, parameters={"timeout": 1, "steps": 1000})
    assert client.post("/v2/models/tiny/explain", json=asked).status_code == 504


def test_predictions_beside_refused_explanations_are_answered(client: httpx.Client, labels: list[str]) -> None:
    statuses: list[int] = []

    def refuse() -> None:
        for parameters, _ in BAD:
            asked = {"instances": [TEXT], "parameters": parameters}
            statuses.append(client.post("/v1/models/tiny:explain", json=asked).status_code)

    refusing = threading.Thread(target=refuse)
    refusing.start()
    for _ in range(20):
        assert outputs_of(client.post("/v2/models/tiny/infer", json=v2_body(*TEXTS)))["label"] == labels
    refusing.join()
    assert statuses == [400] * len(BAD)


def test_explanations_are_measured_by_themselves(client: httpx.Client, server: RunningServer) -> None:
    def counted(name: str) -> float:
        lines = client.get("/metrics").text.splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"transformermodel_{name}"))

    handled = counted("handler_time_seconds_count")
    explained = counted("explanation_time_seconds_count")
    steps = counted('explanation_steps_sum{method="feature_ablation"')
    asked = v2_body(TEXT, parameters={"explain": True, "method": "feature_ablation"})
    client.post("/v2/models/tiny/infer", json=asked)
    assert counted("handler_time_seconds_count") == handled
    assert counted("explanation_time_seconds_count") == explained + 1
    assert counted('explanation_steps_sum{method="feature_ablation"') > steps


def test_where_nothing_is_explained_clients_are_told_so(tiny_model: LoadedModel) -> None:
    settings = Explanations(enabled=False)
    with (
        running({"tiny": tiny_model}, explanations=settings) as server,
        httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS) as client,
    ):
        refused = client.post("/v1/models/tiny:explain", json={"instances": [TEXT]})
        assert refused.status_code == 400
        assert "switched off" in refused.json()["error"]
        assert client.post("/v2/models/tiny/infer", json=v2_body(TEXT, parameters={"explain": True})).status_code == 400
        assert client.post("/v2/models/tiny/infer", json=v2_body(TEXT)).status_code == 200
        metadata = client.get("/v2/models/tiny").json()
        assert "explanations" not in metadata["parameters"]
        assert "explanation" not in [output["name"] for output in metadata["outputs"]]
