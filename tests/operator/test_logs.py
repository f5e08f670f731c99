"""Log records are JSON lines."""

import json
import logging

from transformermodel_operator.logs import JsonFormatter


def record(message: str, *arguments: object, error: Exception | None = None) -> logging.LogRecord:
    info = (type(error), error, error.__traceback__) if error is not None else None
    return logging.LogRecord("operator", logging.INFO, __file__, 1, message, arguments, info)


def test_a_record_is_one_line_of_json() -> None:
    line = JsonFormatter().format(record("model %s is\nready", "ä"))
    assert "\n" not in line
    assert json.loads(line)["message"] == "model ä is\nready"
    assert json.loads(line)["level"] == "INFO"
    assert json.loads(line)["time"].endswith("+00:00")


def test_a_traceback_stays_on_the_line() -> None:
    line = JsonFormatter().format(record("failed", error=ValueError("broken")))
    assert "\n" not in line
    assert "ValueError: broken" in json.loads(line)["traceback"]
