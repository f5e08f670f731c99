"""How a person sees a preparation: a live display in a terminal, plain lines elsewhere."""

import sys
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Display

from transformermodel_predictor.preparation.progress import Progress, Step


class Shown(Progress, Protocol):
    """A progress with a beginning and an end."""

    def __enter__(self) -> Self:
        """Begin to show."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the screen as it is."""
        ...


class TerminalProgress:
    """A line per step that fills while it works and stays when it is done."""

    def __init__(self, console: Console) -> None:
        self._display = Display(
            SpinnerColumn(finished_text="[green]✓[/]"),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            DownloadColumn(),
            TimeElapsedColumn(),
            console=console,
        )
        self._current: TaskID | None = None

    def __enter__(self) -> Self:
        self._display.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._finish()
        self._display.stop()

    def step(self, step: Step, detail: str) -> None:
        """A new line begins; the one before is done."""
        self._finish()
        self._current = self._display.add_task(f"{step.value:<8} {detail}", total=None)

    def bytes(self, done: int, total: int) -> None:
        """The current line's bar moves."""
        if self._current is not None:
            self._display.update(self._current, completed=done, total=total)

    def _finish(self) -> None:
        if self._current is not None:
            total = self._display.tasks[self._current].total or 1
            self._display.update(self._current, completed=total, total=total)


class LineProgress:
    """One line per step, for logs and pipes."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def step(self, step: Step, detail: str) -> None:
        """Print the step."""
        sys.stderr.write(f"{step.value:<8} {detail}\n")

    def bytes(self, done: int, total: int) -> None:
        """Say nothing: a log is not a display."""


def progress_for(console: Console) -> Shown:
    """The display that suits where the output goes."""
    return TerminalProgress(console) if console.is_terminal else LineProgress()
