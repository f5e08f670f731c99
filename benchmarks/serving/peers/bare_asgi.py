"""The least that a server in Python can do: an ASGI application that parses the request and prints the answer.

python -m benchmarks.serving.peers.bare_asgi PORT
"""

import sys

import orjson
import uvicorn
from starlette.types import Receive, Scope, Send

_HEADERS = [(b"content-type", b"application/json")]


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer every text with one label."""
    if scope["type"] != "http":
        return
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    document = orjson.loads(bytes(body)) if body else {"inputs": []}
    rows = sum(len(tensor["data"]) for tensor in document["inputs"])
    answer = {
        "model_name": "noop",
        "model_version": "1",
        "id": "1",
        "outputs": [
            {"name": "label", "shape": [rows], "datatype": "BYTES", "data": ["POSITIVE"] * rows},
            {"name": "score", "shape": [rows], "datatype": "FP32", "data": [0.5] * rows},
        ],
    }
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
    await send({"type": "http.response.body", "body": orjson.dumps(answer)})


if __name__ == "__main__":
    uvicorn.run(application, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False)
