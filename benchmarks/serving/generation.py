"""Tokens per second of text generation: requests one after the other, and eight at once.

    python -m benchmarks.serving.generation [--rounds N]

SmolLM2-135M in float32; every request has another prompt and is continued by the same number of tokens.
"""

import json
import statistics
import tempfile
from pathlib import Path

from benchmarks.ports import free_port
from benchmarks.report import Result, main
from benchmarks.serving.load import ask
from benchmarks.serving.models import PROGRAM, prepare_manifest
from benchmarks.serving.process import running

_MODEL = Path("examples/generation/model.yaml")
_CLIENTS = 8
_TOKENS = 32
_SUBJECTS = (
    "sea",
    "wind",
    "city",
    "garden",
    "clock",
    "river",
    "mountain",
    "library",
    "train",
    "bread",
    "winter",
    "moon",
)


def measure(rounds: int = 3) -> Result:
    """Ask in both ways in every round."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = prepare_manifest(_MODEL, folder / "store")
        port = free_port()
        serve = [PROGRAM, "serve", f"writer={path}", "--http-port", str(port), "--grpc-port", str(port + 1)]
        with running(serve, f"http://127.0.0.1:{port}", "/v2/health/ready", folder / "writer.log") as server:
            url, bodies = f"{server.url}/v2/models/writer/infer", _write_requests(folder / "requests.jsonl")
            ask(url, bodies, clients=_CLIENTS, seconds=120, requests=_CLIENTS)
            alone, together = [], []
            for _ in range(rounds):
                one = ask(url, bodies, clients=1, seconds=120, requests=len(_SUBJECTS))
                many = ask(url, bodies, clients=_CLIENTS, seconds=120, requests=4 * _CLIENTS)
                if one.answered < len(_SUBJECTS) or many.answered < 4 * _CLIENTS:
                    raise RuntimeError(f"requests failed: {dict(one.statuses)}, {dict(many.statuses)}")
                alone.append(one.rate * _TOKENS)
                together.append(many.rate * _TOKENS)
    ratio = statistics.median(many / one for one, many in zip(alone, together, strict=True))
    table = "\n".join(
        [
            "| SmolLM2-135M float32 | tokens/s | of one after the other |",
            "|--|--|--|",
            f"| one after the other | {statistics.median(alone):.1f} | 1 x |",
            f"| {_CLIENTS} requests at once | {statistics.median(together):.1f} | {ratio:.2f} x |",
        ]
    )
    return Result(
        table,
        [
            {"name": "one after the other", "tokens per second": alone},
            {"name": f"{_CLIENTS} requests at once", "tokens per second": together},
        ],
    )


def _write_requests(path: Path) -> Path:
    parameters = {"max_new_tokens": _TOKENS, "min_new_tokens": _TOKENS}
    tensors = [
        {"name": "text", "shape": [1], "datatype": "BYTES", "data": [f"A short story about the {subject}:"]}
        for subject in _SUBJECTS
    ]
    path.write_text("".join(json.dumps({"inputs": [tensor], "parameters": parameters}) + "\n" for tensor in tensors))
    return path


if __name__ == "__main__":
    main(measure)
