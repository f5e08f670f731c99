"""Logs records as JSON lines on standard error, each with the model that is being reconciled."""

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from transformermodel_operator.objects import Key

_OURS = "transformermodel_operator"
_subject: ContextVar[Key | None] = ContextVar("subject", default=None)


@contextmanager
def about(model: Key) -> Iterator[None]:
    """Add this model to every record that is logged inside the block, in the same task."""
    token = _subject.set(model)
    try:
        yield
    finally:
        _subject.reset(token)


class JsonFormatter(logging.Formatter):
    """Formats a record as one JSON object: time, level, logger, namespace, model, message and traceback, if any."""

    def format(self, record: logging.LogRecord) -> str:
        """Format a record as one line without its end."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
        }
        if (model := _subject.get()) is not None:
            line |= {"namespace": model.namespace, "model": model.name}
        line["message"] = record.getMessage()
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def configure_logs() -> None:
    """Log the operator's own records from INFO on, and those of the libraries from WARNING on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger(_OURS).setLevel(logging.INFO)
