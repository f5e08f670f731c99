"""What clients see, over real HTTP."""

import gzip
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import httpx
import orjson
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.predictor.access_log import AccessLog
from tests.predictor.gated import PATIENCE_SECONDS, GatedEngine
from tests.predictor.server.running import running
from tests.predictor.tiny import LABELS, MAX_LENGTH
from transformermodel_api.predictor import Batching
from transformermodel_predictor.loading import LoadedModel
from transformermodel_predictor.protocols.datatypes import pack, unpack
from transformermodel_predictor.server.options import ServerOptions

CLIENTS = 64
BODY_LIMIT = 10_000
TEXT_LIMIT = 5_000
MOST_ROWS = 32


@pytest.fixture(scope="module")
def client(tiny_model: LoadedModel) -> Iterator[httpx.Client]:
    with (
        running(
            {"tiny": tiny_model, "other": tiny_model},
            ServerOptions(max_body_bytes=BODY_LIMIT, max_text_bytes=TEXT_LIMIT, max_rows=MOST_ROWS),
        ) as server,
        httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS) as client,
    ):
        yield client


@pytest.fixture
def gated_client(gated_model: LoadedModel, gated_engine: GatedEngine) -> Iterator[httpx.Client]:
    with (
        running({"tiny": gated_model}, batching=Batching(max_queue_size=2)) as server,
        httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS) as client,
    ):
        try:
            yield client
        finally:
            gated_engine.open()


def infer_body(*texts: str, **more: object) -> dict[str, Any]:
    return {"inputs": [{"name": "text", "shape": [len(texts)], "datatype": "BYTES", "data": list(texts)}], **more}


def outputs(response: httpx.Response) -> dict[str, Any]:
    assert response.status_code == 200, response.text
    return {output["name"]: output["data"] for output in response.json()["outputs"]}


def refused(response: httpx.Response, status: int) -> str:
    """The one line of a refusal in the protocols' form."""
    assert response.status_code == status
    assert response.headers["content-type"] == "application/json"
    document = response.json()
    assert list(document) == ["error"]
    message: str = document["error"]
    assert "\n" not in message
    return message


class TestV1:
    def test_predictions_are_what_the_model_answers(self, client: httpx.Client, tiny_model: LoadedModel) -> None:
        response = client.post("/v1/models/tiny:predict", json={"instances": ["good", {"text": "i hate this movie"}]})
        expected = tiny_model.answer([{"text": "good"}, {"text": "i hate this movie"}])
        assert response.status_code == 200
        for prediction, answer in zip(response.json()["predictions"], expected, strict=True):
            assert prediction == {"label": answer["label"], "score": pytest.approx(answer["score"], abs=1e-5)}

    def test_parameters(self, client: httpx.Client) -> None:
        body = {"instances": ["good"], "parameters": {"top_k": 2, "probabilities": True}}
        (prediction,) = client.post("/v1/models/tiny:predict", json=body).json()["predictions"]
        assert len(prediction["label"]) == len(prediction["score"]) == 2
        assert len(prediction["probabilities"]) == len(LABELS)

    def test_models(self, client: httpx.Client) -> None:
        assert client.get("/").json() == {"status": "alive"}
        assert client.get("/v1/models").json() == {"models": ["tiny", "other"]}
        assert client.get("/v1/models/tiny").json() == {"name": "tiny", "ready": True}
        assert "'none'" in refused(client.get("/v1/models/none"), 404)

    def test_a_content_type_with_a_charset_is_json(self, client: httpx.Client) -> None:
        response = client.post(
            "/v1/models/tiny:predict",
            content='{"instances": ["größer"]}'.encode(),
            headers={"content-type": "application/json; charset=utf-8"},
        )
        assert response.status_code == 200


class TestV2:
    def test_outputs_are_what_the_model_answers(self, client: httpx.Client, tiny_model: LoadedModel) -> None:
        texts = ["good", "i hate this movie", "bad " * 5]
        response = client.post("/v2/models/tiny/infer", json=infer_body(*texts, id="42"))
        expected = tiny_model.answer([{"text": text} for text in texts])
        document = response.json()
        assert (document["model_name"], document["id"]) == ("tiny", "42")
        assert document["model_version"] == tiny_model.artifact.manifest.digest[:12]
        assert [(output["name"], output["datatype"], output["shape"]) for output in document["outputs"]] == [
            ("label", "BYTES", [3]),
            ("score", "FP32", [3]),
        ]
        assert outputs(response)["label"] == [answer["label"] for answer in expected]
        assert outputs(response)["score"] == pytest.approx([answer["score"] for answer in expected], abs=1e-5)

    def test_kserves_own_payload_with_an_empty_shape(self, client: httpx.Client) -> None:
        body = infer_body("good")
        body["inputs"][0] |= {"name": "input-0", "shape": []}
        assert len(outputs(client.post("/v2/models/tiny/infer", json=body))["label"]) == 1

    def test_two_named_inputs_are_a_pair(self, client: httpx.Client, tiny_model: LoadedModel) -> None:
        body = infer_body("good")
        body["inputs"].append({"name": "text_pair", "shape": [1], "datatype": "BYTES", "data": ["bad movie"]})
        body["outputs"] = [{"name": "probabilities"}]
        (expected,) = tiny_model.answer([{"text": "good", "text_pair": "bad movie"}], {"probabilities": True})
        answered = outputs(client.post("/v2/models/tiny/infer", json=body))
        assert answered == {"probabilities": pytest.approx(expected["probabilities"], abs=1e-5)}

    def test_the_one_version_answers(self, client: httpx.Client) -> None:
        (version,) = client.get("/v2/models/tiny").json()["versions"]
        url = f"/v2/models/tiny/versions/{version}"
        assert client.get(url).json() == client.get("/v2/models/tiny").json()
        assert client.get(f"{url}/ready").json() == {"name": "tiny", "ready": True}
        assert client.post(f"{url}/infer", json=infer_body("good")).json()["model_version"] == version
        for method, path in (("GET", ""), ("GET", "/ready"), ("POST", "/infer")):
            other = client.request(method, f"/v2/models/tiny/versions/7{path}", json=infer_body("good"))
            assert version in refused(other, 404), "the message says which version there is"

    def test_bytes_in_and_out(self, client: httpx.Client, tiny_model: LoadedModel) -> None:
        content = pack("BYTES", ["good", "bad"])
        tensor = {"name": "text", "datatype": "BYTES", "shape": [2], "parameters": {"binary_data_size": len(content)}}
        header = orjson.dumps({"inputs": [tensor], "outputs": [{"name": "score", "parameters": {"binary_data": True}}]})
        response = client.post(
            "/v2/models/tiny/infer",
            content=header + content,
            headers={
                "inference-header-content-length": str(len(header)),
                "content-type": "application/vnd.sagemaker-triton.binary+json;json-header-size=1",
            },
        )
        assert response.headers["content-type"] == "application/octet-stream"
        length = int(response.headers["inference-header-content-length"])
        (output,) = orjson.loads(response.content[:length])["outputs"]
        assert output == {"name": "score", "datatype": "FP32", "shape": [2], "parameters": {"binary_data_size": 8}}
        expected = [answer["score"] for answer in tiny_model.answer([{"text": "good"}, {"text": "bad"}])]
        assert unpack("score", "FP32", 2, response.content[length:]) == pytest.approx(expected, abs=1e-5)

    def test_top_k_gives_a_second_dimension(self, client: httpx.Client) -> None:
        response = client.post("/v2/models/tiny/infer", json=infer_body("good", "bad", parameters={"top_k": 2}))
        assert [output["shape"] for output in response.json()["outputs"]] == [[2, 2], [2, 2]]

    def test_truncation_is_never_silent(self, client: httpx.Client) -> None:
        response = client.post("/v2/models/tiny/infer", json=infer_body("good", "good " * 20))
        assert response.json()["parameters"] == {"truncated_tokens": 22 - MAX_LENGTH, "truncated_rows": "1"}

    def test_server_and_models(self, client: httpx.Client) -> None:
        assert client.get("/v2").json()["name"] == "transformermodel"
        assert client.get("/v2/health/live").json() == {"live": True}
        assert client.get("/v2/health/ready").json() == {"ready": True}
        assert client.get("/v2/models").json() == {"models": ["tiny", "other"]}
        assert client.get("/v2/models/tiny/ready").json() == {"name": "tiny", "ready": True}
        assert "'none'" in refused(client.get("/v2/models/none/ready"), 404)
        assert "'none'" in refused(client.post("/v2/models/none/infer", json=infer_body("good")), 404)

    def test_metadata_is_true(self, client: httpx.Client) -> None:
        """Send what the metadata says, and receive what it says."""
        metadata = client.get("/v2/models/tiny").json()
        assert metadata["parameters"]["labels"] == list(LABELS)
        assert metadata["parameters"]["max_length"] == MAX_LENGTH
        body = {
            "inputs": [
                {"name": spec["name"], "datatype": spec["datatype"], "shape": [2], "data": ["good", "bad"]}
                for spec in metadata["inputs"]
            ],
            "outputs": [{"name": spec["name"]} for spec in metadata["outputs"]],
        }
        document = client.post("/v2/models/tiny/infer", json=body).json()
        assert document["model_version"] in metadata["versions"]
        for spec, output in zip(metadata["outputs"], document["outputs"], strict=True):
            assert (output["name"], output["datatype"]) == (spec["name"], spec["datatype"])
            assert output["shape"] == [2 if size == -1 else size for size in spec["shape"]]


class TestBadInput:
    @pytest.mark.parametrize("path", ["/v1/models/tiny:predict", "/v2/models/tiny/infer"])
    @pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b'{"instances": [1], "inputs": [1]}', b"[" * 5000])
    def test_a_malformed_body(self, client: httpx.Client, path: str, body: bytes) -> None:
        assert refused(client.post(path, content=body), 400)

    def test_a_bad_parameter(self, client: httpx.Client) -> None:
        body = infer_body("good", parameters={"top_k": 9})
        assert "top_k" in refused(client.post("/v2/models/tiny/infer", json=body), 400)

    @pytest.mark.parametrize("parameters", [{"top_k": 9}, {"topk": 1}])
    def test_a_bad_parameter_is_no_rows_fault(self, client: httpx.Client, parameters: dict[str, int]) -> None:
        (name,) = parameters
        predict, rows = {"instances": ["good", "bad"], "parameters": parameters}, infer_body("good", "bad")
        for path, body in (
            ("/v1/models/tiny:predict", predict),
            ("/v1/models/tiny:explain", predict),
            ("/v2/models/tiny/infer", {**rows, "parameters": parameters}),
            ("/v2/models/tiny/explain", {**rows, "parameters": parameters}),
        ):
            assert refused(client.post(path, json=body), 400).startswith((f"{name} must", f"parameter {name!r} is not"))

    def test_a_body_over_the_limit_with_its_length_declared(self, client: httpx.Client) -> None:
        body = infer_body("x" * BODY_LIMIT)
        told = refused(client.post("/v2/models/tiny/infer", json=body), 413)
        assert told == f"the body has more than {BODY_LIMIT} bytes; the server's --max-body-bytes allows no more"

    def test_a_body_over_the_limit_that_comes_in_chunks(self, client: httpx.Client) -> None:
        chunks = (b"x" * 1000 for _ in range(11))
        assert str(BODY_LIMIT) in refused(client.post("/v1/models/tiny:predict", content=chunks), 413)

    @pytest.mark.parametrize(
        ("path", "body"),
        [
            ("/v1/models/tiny:predict", {"instances": ["x" * (TEXT_LIMIT + 1)]}),
            ("/v2/models/tiny/infer", infer_body("good", "x" * (TEXT_LIMIT + 1))),
        ],
    )
    def test_a_text_over_the_limit(self, client: httpx.Client, path: str, body: dict[str, Any]) -> None:
        assert "--max-text-bytes" in refused(client.post(path, json=body), 413)

    @pytest.mark.parametrize(
        ("path", "body"),
        [
            ("/v1/models/tiny:predict", {"instances": ["good"] * (MOST_ROWS + 1)}),
            ("/v1/models/tiny:explain", {"instances": ["good"] * (MOST_ROWS + 1)}),
            ("/v2/models/tiny/infer", infer_body(*["good"] * (MOST_ROWS + 1))),
            ("/v2/models/tiny/explain", infer_body(*["good"] * (MOST_ROWS + 1))),
        ],
    )
    def test_more_rows_than_the_limit(self, client: httpx.Client, path: str, body: dict[str, Any]) -> None:
        assert f"--max-rows allows {MOST_ROWS}" in refused(client.post(path, json=body), 413)

    def test_as_many_rows_as_the_limit(self, client: httpx.Client) -> None:
        body = infer_body(*["good"] * MOST_ROWS)
        assert len(outputs(client.post("/v2/models/tiny/infer", json=body))["label"]) == MOST_ROWS

    @pytest.mark.parametrize("length", ["4", "x", "-1"])
    def test_binary_sizes_that_are_wrong(self, client: httpx.Client, length: str) -> None:
        headers = {"inference-header-content-length": length}
        assert refused(client.post("/v2/models/tiny/infer", content=b"{}", headers=headers), 400)

    @pytest.mark.parametrize("path", ["/v1/models/tiny:predict", "/v2/models/tiny/infer", "/v2/repository/index"])
    def test_a_compressed_body(self, client: httpx.Client, path: str) -> None:
        response = client.post(path, content=gzip.compress(b"{}"), headers={"content-encoding": "gzip"})
        assert "'gzip' is not read" in refused(response, 415)
        assert response.headers["accept-encoding"] == "identity"

    def test_an_unknown_address_and_a_wrong_method(self, client: httpx.Client) -> None:
        assert refused(client.get("/v3"), 404) == "GET /v3: not found; OPTIONS / lists all URLs"
        other = client.get("/v2/models/tiny/infer")
        assert "use POST" in refused(other, 405)
        assert other.headers["allow"] == "POST"
        assert refused(client.post("/v2/models/tiny", json={}), 405)

    def test_an_address_whose_last_word_is_misspelt(self, client: httpx.Client) -> None:
        verbs = "POST /v1/models/tiny:predcit: there is no 'predcit' here; there are explain, predict"
        assert refused(client.post("/v1/models/tiny:predcit", json={}), 404) == verbs
        assert "infer, ready" in refused(client.post("/v2/models/tiny/inferr", json={}), 404)
        assert "use POST" in refused(client.get("/v1/models/tiny:predict"), 405)


class TestRequestId:
    def test_it_comes_back_with_answers_and_errors(self, client: httpx.Client) -> None:
        headers = {"x-request-id": "abc-1"}
        good = client.post("/v2/models/tiny/infer", json=infer_body("good"), headers=headers)
        assert good.headers["x-request-id"] == good.json()["id"] == "abc-1"
        assert client.get("/v2/models/none", headers=headers).headers["x-request-id"] == "abc-1"
        assert client.get("/nowhere", headers=headers).headers["x-request-id"] == "abc-1"

    def test_the_bodys_own_id_goes_before(self, client: httpx.Client) -> None:
        body = infer_body("good", id="mine")
        response = client.post("/v2/models/tiny/infer", json=body, headers={"x-request-id": "abc"})
        assert (response.json()["id"], response.headers["x-request-id"]) == ("mine", "abc")


class TestWhileTheEngineIsBusy:
    def test_the_server_goes_on_answering(self, gated_client: httpx.Client, gated_engine: GatedEngine) -> None:
        with ThreadPoolExecutor() as clients:
            waiting = clients.submit(gated_client.post, "/v2/models/tiny/infer", json=infer_body("good"))
            gated_engine.wait_until_busy()
            assert gated_client.get("/v2/health/live").json() == {"live": True}
            assert gated_client.get("/v2/models/tiny/ready").json() == {"name": "tiny", "ready": True}
            assert not waiting.done()
            gated_engine.open()
            assert waiting.result().status_code == 200

    def test_more_than_can_wait_is_told_to_come_later(
        self, gated_client: httpx.Client, gated_engine: GatedEngine
    ) -> None:
        with ThreadPoolExecutor() as clients:
            waiting = clients.submit(gated_client.post, "/v2/models/tiny/infer", json=infer_body("good", "bad"))
            gated_engine.wait_until_busy()
            response = gated_client.post("/v1/models/tiny:predict", json={"instances": ["movie"]})
            assert "try again later" in refused(response, 503)
            assert int(response.headers["retry-after"]) > 0
            gated_engine.open()
            assert waiting.result().status_code == 200

    def test_a_timeout_among_the_parameters(self, gated_client: httpx.Client) -> None:
        body = infer_body("good", parameters={"timeout": 1000})
        assert "timeout" in refused(gated_client.post("/v2/models/tiny/infer", json=body), 504)
        body = infer_body("good", parameters={"timeout": "soon"})
        assert "microseconds" in refused(gated_client.post("/v2/models/tiny/infer", json=body), 400)

    def test_health_is_answered_while_many_clients_keep_the_engine_busy(
        self, tiny_model: LoadedModel, gated_model: LoadedModel, gated_engine: GatedEngine
    ) -> None:
        with (
            running({"tiny": gated_model}) as server,
            httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS) as client,
            ThreadPoolExecutor(CLIENTS) as clients,
        ):
            waiting = [
                clients.submit(client.post, "/v2/models/tiny/infer", json=infer_body("good")) for _ in range(CLIENTS)
            ]
            gated_engine.wait_until_busy()
            for path in ("/v2/health/live", "/v2/health/ready", "/v2/models/tiny/ready", "/metrics"):
                assert client.get(path).status_code == 200
            assert not any(request.done() for request in waiting)
            gated_engine.open()
            assert {request.result().status_code for request in waiting} == {200}

    def test_a_client_that_has_gone_costs_no_step(
        self, gated_client: httpx.Client, gated_engine: GatedEngine, access_log: AccessLog
    ) -> None:
        with ThreadPoolExecutor() as clients:
            waiting = clients.submit(gated_client.post, "/v2/models/tiny/infer", json=infer_body("good"))
            gated_engine.wait_until_busy()
            with pytest.raises(httpx.ReadTimeout):
                httpx.post(
                    f"{gated_client.base_url}/v2/models/tiny/infer",
                    json=infer_body("bad"),
                    timeout=httpx.Timeout(PATIENCE_SECONDS, read=0.1),
                )
            access_log.wait_for("POST /v2/models/tiny/infer 499 ")
            assert 'requests_total{model="tiny",protocol="v2",status="499"} 1.0' in gated_client.get("/metrics").text
            gated_engine.open()
            assert waiting.result().status_code == 200
        assert len(gated_engine.steps) == 1

    def test_a_failure_of_the_engine_is_500_and_the_server_lives(
        self, gated_client: httpx.Client, gated_engine: GatedEngine, caplog: pytest.LogCaptureFixture
    ) -> None:
        gated_engine.open()
        gated_engine.poison = frozenset({3})
        headers = {"x-request-id": "abc"}
        response = gated_client.post("/v2/models/tiny/infer", json=infer_body("good"), headers=headers)
        assert "rows of" not in refused(response, 500)
        assert response.headers["x-request-id"] == "abc"
        assert gated_client.post("/v2/models/tiny/infer", json=infer_body("good good")).status_code == 200
        assert "ArithmeticError" in caplog.text


def test_the_access_log_has_no_word_of_the_text(client: httpx.Client, access_log: AccessLog) -> None:
    secret = "hunter2"
    client.post("/v2/models/tiny/infer", json=infer_body(secret))
    client.post("/v1/models/tiny:predict", json={"instances": [{"text": secret, "oops": secret}]})
    access_log.wait_for("POST /v2/models/tiny/infer 200 ")
    access_log.wait_for("POST /v1/models/tiny:predict 400 ")
    assert secret not in "".join(access_log.lines)


def test_models_of_one_server_answer_for_themselves(tiny_model: LoadedModel, gated_engine: GatedEngine) -> None:
    gated_engine.open()
    with running({"real": tiny_model, "fake": replace(tiny_model, engine=gated_engine)}) as server:
        both = {
            name: outputs(
                httpx.post(
                    f"{server.url}/v2/models/{name}/infer",
                    json=infer_body("i hate this movie"),
                    timeout=PATIENCE_SECONDS,
                )
            )
            for name in ("real", "fake")
        }
    assert both["fake"] != both["real"]


def test_what_is_measured_is_told(client: httpx.Client, tiny_model: LoadedModel) -> None:
    client.post("/v2/models/tiny/infer", json=infer_body("good"))
    client.post("/v2/models/somebodys-text/infer", json=infer_body("good"))
    response = client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain")
    samples = {
        (sample.name, *sample.labels.items()): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }
    named = {key[0] for key in samples}
    assert samples["transformermodel_requests_total", ("model", "tiny"), ("protocol", "v2"), ("status", "200")] >= 1
    assert samples["transformermodel_requests_total", ("model", ""), ("protocol", "v2"), ("status", "404")] >= 1
    assert samples["transformermodel_batch_rows_count", ("model", "tiny")] >= 1
    assert samples["transformermodel_phase_time_seconds_count", ("model", "tiny"), ("phase", "forward")] >= 1
    assert {"transformermodel_queue_time_seconds_sum", "process_resident_memory_bytes"} <= named
    facts = next(dict(key[1:]) for key in samples if key[0] == "transformermodel_model_info")
    assert facts["digest"] == tiny_model.artifact.manifest.digest
    assert "somebodys-text" not in response.text, "names that anybody can make up are not counted one by one"
