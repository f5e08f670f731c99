"""The engine by itself with one text at a time, and what a server does for every request: reading it.

    python -m benchmarks.serving.one_by_one DIRECTORY TEXTS

Prints one line of JSON, in milliseconds. Tokenizing is included. Reading a request takes longer where a forward pass
has just emptied the processor's caches: it is timed in a loop of its own, and right after a pass.
"""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.serving.raw import load_alone

_PATIENCE_SECONDS = 300


@dataclass(frozen=True)
class OneByOne:
    """Median milliseconds.

    Attributes:
        answering: of one text alone.
        reading: of reading a request in the protocol V2.
        reading_after: the same right after a text was answered.
    """

    answering: float
    reading: float
    reading_after: float


def measure(directory: Path, texts: Path) -> OneByOne:
    """Run the engine in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.serving.one_by_one", str(directory), str(texts)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=_PATIENCE_SECONDS)
    return OneByOne(**json.loads(done.stdout))


def _run(directory: Path, texts: Sequence[str]) -> OneByOne:
    model = load_alone(directory)
    from transformermodel_predictor.protocols.v2 import read_request
    from transformermodel_predictor.server.bodies import parse_json

    questions = [[{"text": text}] for text in texts]
    bodies = [
        json.dumps({"inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "data": [text]}]}).encode()
        for text in texts
    ]
    for question in questions:  # the first answers are slower
        model.answer(question)
    answering = [_milliseconds(lambda question=question: model.answer(question)) for question in questions]
    reading = [_milliseconds(lambda body=body: read_request(parse_json(body))) for body in bodies]
    reading_after = []
    for question, body in zip(questions, bodies, strict=True):
        model.answer(question)
        reading_after.append(_milliseconds(lambda body=body: read_request(parse_json(body))))
    return OneByOne(statistics.median(answering), statistics.median(reading), statistics.median(reading_after))


def _milliseconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


if __name__ == "__main__":
    folder, file = sys.argv[1:]
    print(json.dumps(asdict(_run(Path(folder), Path(file).read_text().splitlines()))))
