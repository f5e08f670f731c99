"""Archives with handlers of our own, unpacked, and their workers."""

import textwrap
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from transformermodel_predictor.torchserve.archived_model import ArchivedModel
from transformermodel_predictor.torchserve.call import Call, CallKind, Part
from transformermodel_predictor.torchserve.handler_model import HandlerModel
from transformermodel_predictor.torchserve.handler_observer import HandlerObserver
from transformermodel_predictor.torchserve.manifest import Manifest
from transformermodel_predictor.torchserve.worker_settings import WorkerSettings
from transformermodel_predictor.torchserve.workers.starting import start_handler_model

FOLLOWS_ORDERS = """
    def handle(rows, context):
        if rows is None:
            return None
        names = {"rows": rows, "context": context}
        exec(rows[0]["order"], names)
        return names.get("answers")
"""
"""A handler that does what the first row's text says, and answers what `answers` is then."""


def archive(
    directory: Path,
    source: str | Mapping[str, str],
    handler: str = "handler.py",
    *,
    name: str = "model",
    settings: WorkerSettings | None = None,
    configuration: Mapping[str, Any] | None = None,
    requirements_file: str | None = None,
    packages: Path | None = None,
) -> ArchivedModel:
    """An unpacked archive; `source` is handler.py, or the texts of several files."""
    files = {"handler.py": source} if isinstance(source, str) else source
    for path, text in files.items():
        file = directory / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text))
    document = {"runtime": "python", "model": {"modelName": name, "handler": handler}}
    manifest = Manifest(name, handler=handler, requirements_file=requirements_file, document=document)
    return ArchivedModel(name, directory, manifest, configuration or {}, settings or WorkerSettings(), packages)


@asynccontextmanager
async def running(model: ArchivedModel, observer: HandlerObserver | None = None) -> AsyncIterator[HandlerModel]:
    """The archive's workers, as long as a test needs them."""
    group = await start_handler_model(model, observer)
    try:
        yield group
    finally:
        await group.close()


def asked(body: bytes | str = b"", kind: CallKind = CallKind.predict, **headers: str) -> Call:
    """A call with a plain body, text if it is a str."""
    if isinstance(body, str):
        return Call(kind, (Part("body", body.encode(), "text/plain"),), headers, "request")
    return Call(kind, (Part("body", body),), headers, "request")


def order(text: str, *parts: Part, kind: CallKind = CallKind.predict, **headers: str) -> Call:
    """A call for a handler that follows orders."""
    return Call(kind, (Part("order", textwrap.dedent(text).encode(), "text/plain"), *parts), headers, "request")
