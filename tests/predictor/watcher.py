"""Somebody who watches a preparation and remembers."""

from transformermodel_predictor.progress import Step


class Watcher:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.progress: list[tuple[int, int]] = []

    def step(self, step: Step, detail: str) -> None:
        assert detail
        self.steps.append(step)

    def bytes(self, done: int, total: int) -> None:
        self.progress.append((done, total))
