"""V1 and V2, over REST and gRPC, for models that run handlers of our own in real workers."""

import base64
import json
import re
from collections.abc import Iterator
from typing import Any

import grpc
import httpx
import pytest

from tests.predictor.gated import PATIENCE_SECONDS
from tests.predictor.server.handler_archive import archive
from tests.predictor.server.running import RunningServer, running
from transformermodel_predictor.protocols.binary import HEADER_LENGTH
from transformermodel_predictor.protocols.datatypes import pack, unpack
from transformermodel_predictor.protocols.messages import SERVICE, messages
from transformermodel_predictor.server.models.options import ModelOptions
from transformermodel_predictor.server.options import ServerOptions
from transformermodel_predictor.torchserve.handler_options import HandlerOptions
from transformermodel_predictor.torchserve.worker_settings import WorkerSettings

ROWS = """
    def shown(value):
        return {"bytes": bytes(value).decode("latin-1")} if isinstance(value, (bytes, bytearray)) else value

    def handle(rows, context):
        if rows is None:
            return None
        answers = []
        for index, row in enumerate(rows):
            text = row.get("data") or row.get("body")
            if text == "fail":
                context.set_response_status(422, "no", index)
                answers.append("cannot read this")
            elif text == "number":
                answers.append("1")
            elif text == "raw":
                answers.append(bytes([255]))
            elif context.get_request_header(index, "explain") == "True":
                answers.append({"words": [text], "importances": [1.0]})
            elif text == "batch":
                answers.append(str(len(rows)))
            else:
                answers.append({name: shown(value) for name, value in row.items()})
        return answers
"""
"""A row comes back as it came, unless its text wants something else."""

DOUBLES = """
    def handle(rows, context):
        if rows is None:
            return None
        return [row * 2 if not isinstance(row, dict) else shown(row) for row in rows]

    def shown(row):
        return [2 * value for value in row["data"]] if isinstance(row["data"], list) else row["data"].upper()
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("archives")
    archives = {
        "rows": archive(folder / "rows.mar", ROWS, batchSize=8, maxBatchDelay=0),
        "patient": archive(folder / "patient.mar", ROWS, batchSize=8, maxBatchDelay=PATIENCE_SECONDS * 1000),
        "instances": archive(folder / "instances.mar", DOUBLES),
        "tensors": archive(folder / "tensors.mar", DOUBLES),
    }

    def enveloped(name: str) -> ModelOptions:
        return ModelOptions(handler=HandlerOptions(WorkerSettings(envelope=name)))

    options = ServerOptions(grpc_port=0, models={"instances": enveloped("kserve"), "tensors": enveloped("kservev2")})
    with running({}, options, archives=archives) as server:
        yield server


@pytest.fixture(scope="module")
def client(server: RunningServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS) as client:
        yield client


def predict(client: httpx.Client, *instances: object, model: str = "rows", **further: object) -> list[Any]:
    answer = client.post(f"/v1/models/{model}:predict", json={"instances": list(instances), **further})
    assert answer.status_code == 200, answer.text
    predictions = answer.json()["predictions"]
    assert isinstance(predictions, list)
    return predictions


def tensor(*elements: object, name: str = "text", datatype: str = "BYTES", **further: object) -> dict[str, object]:
    return {"name": name, "shape": [len(elements)], "datatype": datatype, "data": list(elements), **further}


def infer(client: httpx.Client, *inputs: object, model: str = "rows", **further: object) -> list[dict[str, Any]]:
    answer = client.post(f"/v2/models/{model}/infer", json={"inputs": list(inputs), **further})
    assert answer.status_code == 200, answer.text
    outputs = answer.json()["outputs"]
    assert isinstance(outputs, list)
    return outputs


def test_more_rows_than_the_server_allows_are_refused(client: httpx.Client) -> None:
    texts = ["text"] * (ServerOptions().max_rows + 1)
    for path, body in (
        ("/v1/models/rows:predict", {"instances": texts}),
        ("/v2/models/rows/infer", {"inputs": [tensor(*texts)]}),
        ("/v2/models/rows/infer", {"inputs": [tensor(*range(len(texts)), datatype="INT64")]}),
    ):
        refused = client.post(path, json=body)
        assert refused.status_code == 413
        assert "--max-rows" in refused.json()["error"]


def test_an_instance_is_a_row(client: httpx.Client) -> None:
    assert predict(client, "text", {"a": 1}, [1, 2]) == [{"body": "text"}, {"body": {"a": 1}}, {"body": [1, 2]}]
    assert predict(client, {"data": "text", "target": 1}) == [{"data": "text", "target": 1}], "as an envelope has it"
    image = base64.b64encode(b"\xff").decode()
    assert predict(client, {"b64": image}, {"data": {"b64": image}}) == [
        {"body": {"bytes": "\xff"}},
        {"data": {"bytes": "\xff"}},
    ]
    assert predict(client, "text", parameters={"target": 2}) == [{"body": "text", "target": 2}]


def test_a_misspelt_member_is_refused_unless_the_handler_reads_the_body_itself(client: httpx.Client) -> None:
    refused = client.post("/v1/models/rows:predict", json={"instances": ["text"], "params": {"target": 2}})
    assert (refused.status_code, "did you mean parameters" in refused.text) == (400, True)
    assert predict(client, 1, model="instances", params={"target": 2}) == predict(client, 1, model="instances")


def test_answers_stay_what_the_handler_made_them(client: httpx.Client) -> None:
    assert predict(client, "number", "raw") == ["1", {"b64": base64.b64encode(b"\xff").decode()}]


def test_the_rows_of_a_request_are_a_batch(client: httpx.Client) -> None:
    assert predict(client, *["batch"] * 8, model="patient") == ["8"] * 8
    (output,) = infer(client, tensor(*["batch"] * 8), model="patient")
    assert output["data"] == ["8"] * 8


def test_many_more_rows_than_may_wait_are_answered(client: httpx.Client) -> None:
    assert len(predict(client, *["number"] * 300)) == 300


def test_instances_are_explained(client: httpx.Client) -> None:
    explained = client.post("/v1/models/rows:explain", json={"instances": ["good"]}).json()
    assert explained == {"explanations": [{"words": ["good"], "importances": [1.0]}]}


def test_the_row_that_failed_is_told(client: httpx.Client) -> None:
    answer = client.post("/v1/models/rows:predict", json={"instances": ["good", "fail"]})
    assert (answer.status_code, answer.json()) == (422, {"error": "row 1: cannot read this"})
    answer = client.post("/v2/models/rows/infer", json={"inputs": [tensor("fail")]})
    assert (answer.status_code, answer.json()) == (422, {"error": "cannot read this"})


@pytest.mark.parametrize("body", [{}, {"instances": []}, {"instances": "text"}, []])
def test_a_body_without_instances_is_refused(client: httpx.Client, body: object) -> None:
    assert client.post("/v1/models/rows:predict", json=body).status_code == 400


def test_a_row_of_the_tensors_is_a_row(client: httpx.Client) -> None:
    def rows(*inputs: object, **further: object) -> list[object]:
        (output,) = infer(client, *inputs, **further)
        assert (output["name"], output["datatype"]) == ("answer", "BYTES")
        assert output["shape"] == [len(output["data"])]
        return [json.loads(text) for text in output["data"]]

    assert rows(tensor("a", "b")) == [{"body": "a"}, {"body": "b"}]
    assert rows(tensor("a", name="data")) == [{"data": "a"}]
    assert rows(tensor(1, 2, name="x", datatype="INT64")) == [{"body": 1}, {"body": 2}]
    image = {"name": "image", "shape": [2, 2, 2], "datatype": "UINT8", "data": list(range(8))}
    assert rows(image) == [{"body": [[0, 1], [2, 3]]}, {"body": [[4, 5], [6, 7]]}]
    two = tensor("a", name="data"), tensor(3, name="target", datatype="INT32")
    assert rows(*two) == [{"data": "a", "target": 3}]
    assert rows(tensor("a"), parameters={"target": 1}) == [{"body": "a", "target": 1}]


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ([tensor("a"), tensor("b", "c", name="target")], "same number of rows"),
        ([tensor()], "no rows"),
    ],
)
def test_tensors_that_make_no_rows_are_refused(client: httpx.Client, inputs: object, message: str) -> None:
    answer = client.post("/v2/models/rows/infer", json={"inputs": inputs})
    assert (answer.status_code, message in answer.json()["error"]) == (400, True)


def test_bytes_go_in_and_out_as_bytes(client: httpx.Client) -> None:
    raw = pack("BYTES", [b"\xff\x00", b"raw"])
    tensors = [{"name": "x", "shape": [2], "datatype": "BYTES", "parameters": {"binary_data_size": len(raw)}}]
    header = json.dumps({"inputs": tensors, "parameters": {"binary_data_output": True}}).encode()
    answer = client.post("/v2/models/rows/infer", content=header + raw, headers={HEADER_LENGTH: str(len(header))})
    length = int(answer.headers[HEADER_LENGTH])
    first, second = unpack("answer", "BYTES", 2, answer.content[length:])
    assert (json.loads(first), json.loads(second)) == ({"body": {"bytes": "\xff\x00"}}, {"body": {"bytes": "raw"}})


def test_an_answer_that_is_no_text_wants_the_binary_extension(client: httpx.Client) -> None:
    answer = client.post("/v2/models/rows/infer", json={"inputs": [tensor("raw")]})
    assert (answer.status_code, "binary_data" in answer.json()["error"]) == (400, True)
    asked = {"inputs": [tensor("raw")], "parameters": {"binary_data_output": True}}
    answer = client.post("/v2/models/rows/infer", json=asked)
    assert answer.content.endswith(pack("BYTES", [b"\xff"]))


def test_tensors_are_explained_as_json(client: httpx.Client) -> None:
    asked = {"inputs": [tensor("good")]}
    answers = [
        client.post("/v2/models/rows/explain", json=asked),
        client.post("/v2/models/rows/infer", json={**asked, "parameters": {"explain": True}}),
        client.post("/v2/models/rows/infer", json={**asked, "outputs": [{"name": "explanation"}]}),
    ]
    for answer in answers:
        (output,) = answer.json()["outputs"]
        assert (output["name"], output["datatype"]) == ("explanation", "BYTES")
        assert json.loads(output["data"][0]) == {"words": ["good"], "importances": [1.0]}


def test_metadata_say_what_is_known(client: httpx.Client) -> None:
    document = client.get("/v2/models/rows").json()
    assert (document["versions"], document["platform"]) == (["1.0"], "torchserve-handler")
    assert document["inputs"] == [{"name": "body", "datatype": "BYTES", "shape": [-1]}]
    assert document["outputs"] == [{"name": "answer", "datatype": "BYTES", "shape": [-1]}]
    assert document["parameters"] == {"task": "Custom", "handler": "handler.py", "batch_size": 8}
    own = client.get("/v2/models/tensors").json()
    assert (own["inputs"], own["outputs"]) == ([], []), "which only the handler knows"
    assert client.get("/v2/models/rows/versions/1.0/ready").json()["ready"] is True
    assert client.get("/v2/models/rows/versions/2.0/ready").status_code == 404


def test_a_handler_that_reads_v1s_body_gets_it_whole(client: httpx.Client) -> None:
    answer = client.post("/v1/models/instances:predict", json={"instances": ["a", "b"]})
    assert answer.json() == {"predictions": ["aa", "bb"]}
    (output,) = infer(client, tensor("a", "b"), model="instances")
    assert output["data"] == ["aa", "bb"]


def test_a_handler_that_reads_v2s_body_gets_it_whole(client: httpx.Client) -> None:
    (output,) = infer(client, tensor("a", name="x"), model="tensors")
    assert (output["name"], output["datatype"], output["data"]) == ("x", "BYTES", ["A"])
    answer = client.post("/v1/models/tensors:predict", json={"instances": ["a"]})
    assert (answer.status_code, "/v2/models" in answer.json()["error"]) == (400, True)


def test_what_only_prepared_models_do_is_refused(client: httpx.Client) -> None:
    answer = client.post("/v2/models/rows/generate", json={"text_input": "x"})
    assert (answer.status_code, "does not generate" in answer.json()["error"]) == (400, True)
    assert client.get("/openai/v1/models").json()["data"] == []


async def test_grpc_answers_too(server: RunningServer) -> None:
    async with grpc.aio.insecure_channel(server.grpc_address) as channel:

        async def ask(method: str, request: Any) -> Any:
            answered = getattr(messages, f"{method}Response")
            call = channel.unary_unary(
                f"/{SERVICE}/{method}", lambda message: message.SerializeToString(), answered.FromString
            )
            return await call(request)

        request = messages.ModelInferRequest(model_name="rows")
        request.inputs.add(name="x", datatype="BYTES", shape=[2]).contents.bytes_contents.extend([b"a", b"\xff"])
        (output,) = (await ask("ModelInfer", request)).outputs
        rows = [json.loads(text) for text in output.contents.bytes_contents]
        assert rows == [{"body": {"bytes": "a"}}, {"body": {"bytes": "\xff"}}]

        request.parameters["explain"].bool_param = True
        del request.inputs[:]
        request.inputs.add(name="x", datatype="INT64", shape=[1]).contents.int64_contents.append(3)
        (output,) = (await ask("ModelInfer", request)).outputs
        assert json.loads(output.contents.bytes_contents[0])["words"] == [3]

        metadata = await ask("ModelMetadata", messages.ModelMetadataRequest(name="rows"))
        assert ([one.name for one in metadata.inputs], list(metadata.versions)) == (["body"], ["1.0"])
        assert (await ask("ModelReady", messages.ModelReadyRequest(name="rows"))).ready


def test_what_handlers_do_is_measured(client: httpx.Client) -> None:
    predict(client, "number")
    told = client.get("/metrics").text
    assert 'transformermodel_workers{model="rows",state="ready",version="1.0"} 1.0' in told
    (memory,) = re.findall(r'transformermodel_worker_memory_bytes{model="rows",version="1.0"} (\S+)', told)
    assert float(memory) > 1_000_000, "a Python process has more"
    for name in ("queue_time_seconds", "batch_rows", "requests_total"):
        assert f'transformermodel_{name}{"_count" if "total" not in name else ""}{{model="rows"' in told, name
    assert 'transformermodel_phase_time_seconds_count{model="rows",phase="handler"}' in told
