"""Triton's gRPC client against a server: `triton_grpc_client ADDRESS NAME TEXT...` prints what it was answered as JSON.

A process of its own, because Triton's client and KServe's SDK register the same names of messages.
"""

import asyncio
import json
import sys
from collections.abc import Callable
from typing import Any

import numpy
import tritonclient.grpc as triton
import tritonclient.grpc.aio as triton_aio


def refusal(call: Callable[[], object]) -> str:
    try:
        call()
    except triton.InferenceServerException as error:
        return str(error.message())
    raise AssertionError("it was not refused")


async def labels(address: str, name: str, tensor: Any) -> list[str]:
    """The labels that the asynchronous client is answered."""
    async with triton_aio.InferenceServerClient(address) as client:
        answered = await client.infer(name, [tensor])
        return [label.decode() for label in answered.as_numpy("label")]


def main() -> dict[str, Any]:
    address, name, *texts = sys.argv[1:]
    with triton.InferenceServerClient(address) as client:
        tensor = triton.InferInput("text", [len(texts)], "BYTES")
        tensor.set_data_from_numpy(numpy.array([text.encode() for text in texts], dtype=object))
        outputs = [triton.InferRequestedOutput("label"), triton.InferRequestedOutput("score")]
        steering = {"priority": 1, "timeout": 240_000_000, "parameters": {"probabilities": False}}
        answered = client.infer(name, [tensor], outputs=outputs, request_id="42", **steering)
        client.unload_model(name)
        unloaded = client.is_model_ready(name)
        client.load_model(name)
        metadata = client.get_model_metadata(name)
        return {
            "live": client.is_server_live(),
            "ready": client.is_server_ready() and client.is_model_ready(name, metadata.versions[0]),
            "unloaded": unloaded,
            "index": [model.name for model in client.get_model_repository_index().models],
            "inputs": [spec.name for spec in metadata.inputs],
            "id": answered.get_response().id,
            "refused": [
                refusal(lambda: client.load_model(name, config="{}")),
                refusal(
                    lambda: client.infer(name, [tensor], outputs=[triton.InferRequestedOutput("label", class_count=2)])
                ),
            ],
            "asynchronous": asyncio.run(labels(address, name, tensor)),
            "label": [label.decode() for label in answered.as_numpy("label")],
            "score": answered.as_numpy("score").tolist(),
        }


if __name__ == "__main__":
    print(json.dumps(main()))
