"""Our own server around something else than our engine.

    python -m benchmarks.serving.peers.own_frame (noop | classify DIRECTORY | write DIRECTORY) PORT

`noop` answers every text with one label; the others ask transformers' pipelines with batches of 8.
"""

import asyncio
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from transformers import pipeline

from transformermodel_api.spec import TaskName
from transformermodel_predictor.handler import Answer, Handler, ModelMetadata
from transformermodel_predictor.server.lifecycle import ModelServer
from transformermodel_predictor.server.listeners import listening
from transformermodel_predictor.server.options import ServerOptions
from transformermodel_predictor.tasks.catalogue import TaskConfiguration, make_task
from transformermodel_predictor.telemetry.observer import Observer
from transformermodel_predictor.workers import Workers

_BATCH = 8

Run = Callable[[list[str], Mapping[str, Any]], list[Any]]
"""Answers texts, of which each comes with the same parameters."""


def _metadata(name: TaskName, configuration: TaskConfiguration) -> ModelMetadata:
    task = make_task(name, configuration)
    return ModelMetadata("peer", "1", "peer", task.inputs, task.outputs, {"task": name.value})


_CLASSIFIER = _metadata(
    TaskName.SequenceClassification, TaskConfiguration(labels=("NEGATIVE", "POSITIVE"), max_length=256)
)
_WRITER = _metadata(TaskName.TextGeneration, TaskConfiguration(labels=(), max_length=256))


class Noop:
    """Answers every text with one label."""

    metadata = _CLASSIFIER

    async def answer(
        self, questions: Sequence[Mapping[str, Any]], parameters: Mapping[str, Any] | None = None
    ) -> list[Answer]:
        """The same answer for every row."""
        return [Answer({"label": "POSITIVE", "score": 0.5}, 0) for _ in questions]


def classify(directory: Path) -> Run:
    """Transformers' pipeline for sequence classification."""
    ask = pipeline("text-classification", model=str(directory), device="cpu")
    return lambda texts, _: list(ask(texts, batch_size=_BATCH, truncation=True))


def write(directory: Path) -> Run:
    """Transformers' pipeline for text generation, in the precision of the weights."""
    ask = pipeline("text-generation", model=str(directory), device="cpu", dtype="auto")
    ask.tokenizer.pad_token = ask.tokenizer.pad_token or ask.tokenizer.eos_token

    def run(texts: list[str], parameters: Mapping[str, Any]) -> list[Any]:
        asked = {"do_sample": False, "return_full_text": False, **parameters}
        return [{"generated_text": told["generated_text"]} for (told,) in ask(texts, batch_size=_BATCH, **asked)]

    return run


class Pipeline:
    """A pipeline, asked with what has come in the meantime, at most 8 texts at once.

    Args:
        metadata: of the model.
        run: the pipeline.
        workers: where it runs.
    """

    def __init__(self, metadata: ModelMetadata, run: Run, workers: Workers) -> None:
        self.metadata = metadata
        self._run = run
        self._workers = workers
        self._waiting: list[tuple[str, asyncio.Future[Any]]] = []
        self._working: asyncio.Task[None] | None = None

    async def answer(
        self, questions: Sequence[Mapping[str, Any]], parameters: Mapping[str, Any] | None = None
    ) -> list[Answer]:
        """Wait until the texts were in a batch."""
        futures = [asyncio.get_running_loop().create_future() for _ in questions]
        self._waiting += [(str(fields["text"]), future) for fields, future in zip(questions, futures, strict=True)]
        if self._working is None:
            self._working = asyncio.create_task(self._work(parameters or {}))
        return [Answer(result, 0) for result in await asyncio.gather(*futures)]

    async def _work(self, parameters: Mapping[str, Any]) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:_BATCH], self._waiting[_BATCH:]
            texts = [text for text, _ in batch]
            loop = asyncio.get_running_loop()
            results = await loop.run_in_executor(self._workers.engine, lambda texts=texts: self._run(texts, parameters))
            for (_, future), result in zip(batch, results, strict=True):
                future.set_result(result)
        self._working = None


def main(kind: str, *arguments: str) -> None:
    """Serve until ended."""
    *rest, port = arguments

    def load(_name: str, directory: Path, workers: Workers, _observer: Observer) -> Handler:
        if kind == "noop":
            return Noop()
        metadata, make = (_CLASSIFIER, classify) if kind == "classify" else (_WRITER, write)
        return Pipeline(metadata, make(directory), workers)

    options = ServerOptions(host="127.0.0.1", http_port=int(port), grpc_port=None)
    server = ModelServer({"peer": Path(*rest)}, options, load)
    with listening(options) as listeners:
        server.run(listeners)


if __name__ == "__main__":
    main(*sys.argv[1:])
