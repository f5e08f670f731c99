"""The access log's lines as they come."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from tests.predictor.gated import PATIENCE_SECONDS


class AccessLog(logging.Handler):
    """Listens to the access log of the servers in the test's process."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self._came = threading.Condition()

    def emit(self, record: logging.LogRecord) -> None:
        with self._came:
            self.lines.append(record.getMessage())
            self._came.notify_all()

    def wait_for(self, words: str) -> None:
        """Return when a line has these words."""
        with self._came:
            assert self._came.wait_for(lambda: any(words in line for line in self.lines), PATIENCE_SECONDS)

    @classmethod
    @contextmanager
    def listening(cls) -> Iterator[Self]:
        logger = logging.getLogger("transformermodel.access")
        handler, level = cls(), logger.level
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        try:
            yield handler
        finally:
            logger.removeHandler(handler)
            logger.setLevel(level)
