"""Somebody who asks a model one question after the other, whatever happens to it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.cluster.stage import QUESTION, Stage


@dataclass
class Client:
    """Asks one question after the other until told to stop, each on a connection of its own."""

    stage: Stage
    model: str = "sentiment"
    failures: list[str] = field(default_factory=list)
    answered: int = 0

    @contextmanager
    def asking(self) -> Iterator["Client"]:
        """Ask in a thread, while the block runs."""
        over = threading.Event()
        url = f"{self.stage.url(self.model)}/v2/models/{self.model}/infer"
        thread = threading.Thread(target=self._ask, args=(url, over))
        thread.start()
        try:
            yield self
        finally:
            over.set()
            thread.join()

    def _ask(self, url: str, over: threading.Event) -> None:
        while not over.wait(0.05):
            try:
                answer = self.stage.kubernetes.http("POST", url, QUESTION)
            except Exception as error:  # noqa: BLE001 - whatever a client may meet counts as a failure
                self.failures.append(repr(error))
                continue
            self.answered += 1
            if answer.status != 200 or b"POSITIVE" not in answer.body:
                self.failures.append(f"{answer.status} {answer.body!r}")
