"""Asking for an explanation in every protocol, and what was told in one form for all of them."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import grpc
import httpx

from tests.predictor.server.test_grpc import Client
from transformermodel_predictor.protocols.messages import messages

Fields = Mapping[str, str]
Parameters = Mapping[str, bool | int | str]
Importances = list[list[float]]
"""Those of the tokens, by what was explained."""


@dataclass(frozen=True)
class Clients:
    """Of one server."""

    http: httpx.Client
    rpc: Client


class Refused(Exception):
    """The protocol's own words for a client's mistake."""


Ask = Callable[[Clients, str, Fields, Parameters], Importances]
"""Has one question explained by a model. Raises `Refused` where the server says that the client is wrong."""


def _v1(clients: Clients, model: str, fields: Fields, parameters: Parameters) -> Importances:
    asked = {"instances": [fields], "parameters": parameters}
    (row,) = _document(clients.http.post(f"/v1/models/{model}:explain", json=asked))["explanations"]
    return _importances(row)


def _v2(url: str, **more: bool) -> Ask:
    def ask(clients: Clients, model: str, fields: Fields, parameters: Parameters) -> Importances:
        inputs = [{"name": name, "datatype": "BYTES", "shape": [1], "data": [text]} for name, text in fields.items()]
        asked = {"inputs": inputs, "parameters": {**parameters, **more}}
        outputs = _document(clients.http.post(url.format(model), json=asked))["outputs"]
        ((row,),) = [output["data"] for output in outputs if output["name"] == "explanation"]
        return _importances(strictly(row))

    return ask


def _binary(clients: Clients, model: str, fields: Fields, parameters: Parameters) -> Importances:
    """V2's binary tensors, there and back: each element after its length in four bytes, the lowest first."""
    tensors = {name: len(text.encode()).to_bytes(4, "little") + text.encode() for name, text in fields.items()}
    inputs = [
        {"name": name, "datatype": "BYTES", "shape": [1], "parameters": {"binary_data_size": len(data)}}
        for name, data in tensors.items()
    ]
    asked = {"inputs": inputs, "parameters": {**parameters, "explain": True, "binary_data_output": True}}
    head = json.dumps(asked | {"outputs": [{"name": "explanation"}]}).encode()
    response = clients.http.post(
        f"/v2/models/{model}/infer",
        content=head + b"".join(tensors.values()),
        headers={"inference-header-content-length": str(len(head)), "content-type": "application/octet-stream"},
    )
    length = int(response.headers.get("inference-header-content-length", len(response.content)))
    _document(httpx.Response(response.status_code, content=response.content[:length]))
    tail = response.content[length:]
    assert int.from_bytes(tail[:4], "little") == len(tail) - 4
    return _importances(strictly(tail[4:]))


def _over_grpc(clients: Clients, model: str, fields: Fields, parameters: Parameters) -> Importances:
    inputs = []
    for name, text in fields.items():
        tensor = messages.ModelInferRequest.InferInputTensor(name=name, datatype="BYTES", shape=[1])
        tensor.contents.bytes_contents.append(text.encode())
        inputs.append(tensor)
    told = {name: _parameter(value) for name, value in {**parameters, "explain": True}.items()}
    try:
        answer = clients.rpc("ModelInfer", model_name=model, inputs=inputs, parameters=told)
    except grpc.RpcError as error:
        if error.code() is not grpc.StatusCode.INVALID_ARGUMENT:
            raise
        raise Refused(error.details()) from error
    ((row,),) = [output.contents.bytes_contents for output in answer.outputs if output.name == "explanation"]
    return _importances(strictly(row))


def _torchserve(clients: Clients, model: str, fields: Fields, parameters: Parameters) -> Importances:
    told = _document(clients.http.post(f"/explanations/{model}", json=fields, params=parameters))
    if isinstance(told, list):
        return [one["importances"] for one in told]
    return [values for name, values in told.items() if name.startswith("importances")]


PROTOCOLS: Mapping[str, Ask] = {
    "v1": _v1,
    "v2 explain": _v2("/v2/models/{}/explain"),
    "v2 infer": _v2("/v2/models/{}/infer", explain=True),
    "v2 binary": _binary,
    "grpc": _over_grpc,
    "torchserve": _torchserve,
}
"""The ways to have an answer explained, by their names."""


def strictly(text: str | bytes) -> Any:
    """A JSON document whose numbers are all finite."""

    def refuse(number: str) -> NoReturn:
        raise AssertionError(f"{number} is no JSON")

    return json.loads(text, parse_constant=refuse)


def _document(response: httpx.Response) -> Any:
    document = strictly(response.content)
    if response.status_code == httpx.codes.BAD_REQUEST:
        raise Refused(document.get("error") or document["message"])
    assert response.status_code == httpx.codes.OK, response.text
    return document


def _importances(row: Mapping[str, Any]) -> Importances:
    explanations: Sequence[Mapping[str, Any]] = row["explanations"]
    return [[token["importance"] for token in explanation["tokens"]] for explanation in explanations]


def _parameter(value: bool | int | str) -> Any:
    kinds = {bool: "bool_param", int: "int64_param", str: "string_param"}
    return messages.InferParameter(**{kinds[type(value)]: value})
