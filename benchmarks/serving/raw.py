"""The engine by itself: how many texts a process answers when nothing is between it and the texts.

    python -m benchmarks.serving.raw DIRECTORY TEXTS SECONDS

Prints one line of JSON: texts per second, and processor seconds per text. Tokenizing is included. Texts go in batches
of 32 of like length, cut from windows of 128 as they come.
"""

import itertools
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformermodel_predictor.generation.loaded import LoadedGenerator
    from transformermodel_predictor.loading import LoadedModel

_BATCH = 32
_WINDOW = 4 * _BATCH


@dataclass(frozen=True)
class Raw:
    """What came of it.

    Attributes:
        rate: texts per second.
        cpu: processor seconds per text.
    """

    rate: float
    cpu: float


def measure(directory: Path, texts: Path, seconds: float) -> Raw:
    """Run the engine in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.serving.raw", str(directory), str(texts), str(seconds)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=seconds * 4 + 120)
    return Raw(**json.loads(done.stdout))


def load_alone(directory: Path) -> "LoadedModel | LoadedGenerator":
    """A prepared model, in a process that does nothing else, with the threads that a server would give it."""
    from transformermodel_predictor.threads import limit_threads

    threads = limit_threads(None)  # before PyTorch is imported
    from transformermodel_predictor.server.native_loading import limit_torch_threads

    limit_torch_threads(threads)
    from transformermodel_predictor.artifact.directory import open_artifact
    from transformermodel_predictor.loading import load_model

    model = load_model(open_artifact(directory))
    model.warm_up()
    return model


def _run(directory: Path, texts: Sequence[str], seconds: float) -> Raw:
    model = load_alone(directory)
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
    return Raw(answered / (time.perf_counter() - started), (time.process_time() - cpu) / answered)


if __name__ == "__main__":
    folder, file, duration = sys.argv[1:]
    print(json.dumps(asdict(_run(Path(folder), Path(file).read_text().splitlines(), float(duration)))))
