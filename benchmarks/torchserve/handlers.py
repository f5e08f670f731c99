"""The handlers that both servers run, as one archive each that both are given."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from transformermodel_predictor.torchserve.archive import ArchiveFormat, write_archive
from transformermodel_predictor.torchserve.packing import ArchiveOptions, pack_handler

_NOTHING = '''"""Does nothing with what it is sent, and says so."""


def handle(data, context):
    return None if data is None else ["ok"] * len(data)
'''

_MODEL = '''"""Loads torch and a small model, as most handlers do, and sleeps when it is told to."""

import os
import time

import torch

model = None


def handle(data, context):
    global model
    if data is None:
        model = torch.nn.Linear(1024, 1024)
        return None
    time.sleep(0.05)
    return [str(os.getpid())] * len(data)
'''


@dataclass(frozen=True)
class HandlerArchive:
    """An archive, and what it is called in tables."""

    name: str
    path: Path


def doing_nothing(folder: Path, batch_size: int) -> HandlerArchive:
    """A handler that does nothing, asked so many rows at a time."""
    return _pack(
        f"noop{batch_size}",
        _NOTHING,
        folder,
        f"minWorkers: 1\nmaxWorkers: 1\nbatchSize: {batch_size}\nmaxBatchDelay: 5\n",
    )


def with_a_model(folder: Path, workers: int) -> HandlerArchive:
    """A handler with torch and a model, in so many workers."""
    return _pack(f"model{workers}", _MODEL, folder, f"minWorkers: {workers}\nmaxWorkers: 8\n")


def _pack(name: str, source: str, folder: Path, configuration: str) -> HandlerArchive:
    content = folder / name
    content.mkdir()
    handler, config = content / "handler.py", content / "model-config.yaml"
    handler.write_text(source)
    config.write_text(configuration)
    options = ArchiveOptions(name, handler=str(handler), config_file=config)
    archive = write_archive(
        pack_handler(options, datetime.now(UTC).date()), folder / "archives", ArchiveFormat.zip_store
    )
    return HandlerArchive(name, archive)
