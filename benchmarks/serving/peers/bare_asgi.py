"""The least that a server in Python can do: an ASGI application that parses the request and prints the answer.

    python -m benchmarks.serving.peers.bare_asgi PORT [DIRECTORY]

Around nothing; or around the engine with a prepared model, which it calls in place and one request after another.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from benchmarks.serving.raw import load_alone

_HEADERS = [(b"content-type", b"application/json")]

Answer = Callable[[Sequence[Mapping[str, str]]], Sequence[Mapping[str, Any]]]
"""From questions to a label and a score for each."""


def application(answer: Answer) -> ASGIApp:
    """Answer every text with a label and its score."""

    async def respond(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body = bytearray()
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        document = orjson.loads(bytes(body)) if body else {"inputs": []}
        answers = answer([{"text": text} for tensor in document["inputs"] for text in tensor["data"]])
        told = {
            "model_name": "noop",
            "model_version": "1",
            "id": "1",
            "outputs": [
                _tensor("label", "BYTES", [one["label"] for one in answers]),
                _tensor("score", "FP32", [one["score"] for one in answers]),
            ],
        }
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        await send({"type": "http.response.body", "body": orjson.dumps(told)})

    return respond


def _tensor(name: str, datatype: str, values: Sequence[object]) -> dict[str, object]:
    return {"name": name, "shape": [len(values)], "datatype": datatype, "data": values}


def _nothing(questions: Sequence[object]) -> Sequence[Mapping[str, Any]]:
    return [{"label": "POSITIVE", "score": 0.5}] * len(questions)


def _around(directory: Path) -> Answer:
    model = load_alone(directory)

    def answer(questions: Sequence[Mapping[str, str]]) -> Sequence[Mapping[str, Any]]:
        return model.answer(questions) if questions else []

    return answer


if __name__ == "__main__":
    port, *model = sys.argv[1:]
    answering = _around(Path(model[0])) if model else _nothing
    uvicorn.run(application(answering), host="127.0.0.1", port=int(port), log_level="warning", access_log=False)
