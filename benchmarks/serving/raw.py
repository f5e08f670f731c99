"""The engine by itself: how many texts a process answers when nothing is between it and the texts.

    python -m benchmarks.serving.raw DIRECTORY TEXTS SECONDS

Prints one line of JSON: texts per second, processor seconds per text, and milliseconds of one text at a time.
Tokenizing is included. Texts go in batches of 32 of like length, cut from windows of 128 as they come. Besides, what
the server does for every request takes longer where a forward pass has just emptied the processor's caches: how long
reading a request takes in a loop of its own, and right after a pass.
"""

import itertools
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformermodel_predictor.loading import LoadedModel

_BATCH = 32
_WINDOW = 4 * _BATCH
_SINGLE_TEXTS = 200


@dataclass(frozen=True)
class Raw:
    """What came of it.

    Attributes:
        rate: texts per second.
        cpu: processor seconds per text.
        single: median milliseconds for one text alone.
        reading: median milliseconds for reading a request in the protocol V2.
        reading_after: the same right after one text was answered.
    """

    rate: float
    cpu: float
    single: float
    reading: float
    reading_after: float


def measure(directory: Path, texts: Path, seconds: float) -> Raw:
    """Run the engine in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.serving.raw", str(directory), str(texts), str(seconds)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=seconds * 4 + 120)
    return Raw(**json.loads(done.stdout))


def _run(directory: Path, texts: Sequence[str], seconds: float) -> Raw:
    from transformermodel_predictor.server.threads import limit_threads

    limit_threads(None)
    from transformermodel_predictor.artifact.directory import open_artifact
    from transformermodel_predictor.loading import load_model

    model = load_model(open_artifact(directory))
    model.warm_up()
    windows = [texts[start : start + _WINDOW] for start in range(0, len(texts), _WINDOW)]
    batches = [
        [{"text": text} for text in ordered[start : start + _BATCH]]
        for ordered in (sorted(window, key=len) for window in windows)
        for start in range(0, len(ordered), _BATCH)
    ]
    for batch in batches[:4]:
        model.answer(batch)
    started, cpu, answered = time.perf_counter(), time.process_time(), 0
    for batch in itertools.cycle(batches):
        answered += len(model.answer(batch))
        if time.perf_counter() - started > seconds:
            break
    rate, per_text = answered / (time.perf_counter() - started), (time.process_time() - cpu) / answered
    return Raw(rate, per_text, *_one_by_one(model, texts[:_SINGLE_TEXTS]))


def _one_by_one(model: "LoadedModel", texts: Sequence[str]) -> tuple[float, float, float]:
    """Median milliseconds of an answer, of reading a request, and of reading one right after an answer."""
    from transformermodel_predictor.protocols.v2 import read_request
    from transformermodel_predictor.server.exchange import parse_json

    questions = [[{"text": text}] for text in texts]
    bodies = [
        json.dumps({"inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "data": [text]}]}).encode()
        for text in texts
    ]
    answering = [_milliseconds(lambda question=question: model.answer(question)) for question in questions]
    reading = [_milliseconds(lambda body=body: read_request(parse_json(body))) for body in bodies]
    reading_after = []
    for question, body in zip(questions, bodies, strict=True):
        model.answer(question)
        reading_after.append(_milliseconds(lambda body=body: read_request(parse_json(body))))
    return statistics.median(answering), statistics.median(reading), statistics.median(reading_after)


def _milliseconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


if __name__ == "__main__":
    folder, file, duration = sys.argv[1:]
    print(json.dumps(asdict(_run(Path(folder), Path(file).read_text().splitlines(), float(duration)))))
