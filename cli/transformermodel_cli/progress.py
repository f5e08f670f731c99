"""Shows the progress of a preparation: a live display in a terminal, plain lines elsewhere."""

import sys
from datetime import timedelta
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.filesize import decimal
from rich.progress import Progress as Display
from rich.progress import ProgressColumn, SpinnerColumn, Task, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Column
from rich.text import Text

from transformermodel_predictor.progress import Progress, Step


class Shown(Progress, Protocol):
    """A progress with a beginning and an end.

    Attributes:
        last: the last step shown.
    """

    last: Step | None

    def __enter__(self) -> Self:
        """Start the display."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the display, leaving its last state on screen."""
        ...


class _AmountColumn(ProgressColumn):
    """Bytes received, rate and remaining time."""

    def render(self, task: Task) -> Text:
        """For example `12.6 MB of 90.9 MB, 5.1 MB/s, 0:00:16 left`; empty for a step without bytes."""
        if not task.fields.get("counts"):
            return Text()
        return Text(amount(int(task.completed), int(task.total or 0), task.speed), style="cyan")


def amount(done: int, total: int, speed: float | None) -> str:
    """Format an amount of bytes; with rate and remaining time only until it is complete.

    Args:
        done: bytes received.
        total: bytes expected.
        speed: bytes per second; None if unknown.
    """
    there = f"{decimal(done)} of {decimal(total)}"
    if not speed or done >= total:
        return there
    return f"{there}, {decimal(int(speed))}/s, {timedelta(seconds=round((total - done) / speed))} left"


class TerminalProgress:
    """One line per step, animated while the step runs, and kept when it is done."""

    def __init__(self, console: Console) -> None:
        self._display = Display(
            SpinnerColumn(finished_text="[green]✓[/]"),
            TextColumn(
                "{task.description}", markup=False, table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis")
            ),
            _AmountColumn(),
            TimeElapsedColumn(),
            console=console,
            expand=True,
        )
        self._current: TaskID | None = None
        self.last: Step | None = None

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
        """Finish the current line and start a new one."""
        self._finish()
        self.last = step
        self._current = self._display.add_task(f"{step.value:<8} {detail}", total=1)

    def bytes(self, done: int, total: int) -> None:
        """Show the amount in the current line."""
        if self._current is not None:
            self._display.update(self._current, completed=done, total=total, counts=True)

    def _finish(self) -> None:
        if self._current is not None:
            task = self._display.tasks[self._display.task_ids.index(self._current)]
            self._display.update(self._current, completed=task.total)


class LineProgress:
    """One line per step, for logs and pipes."""

    def __init__(self) -> None:
        self.last: Step | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def step(self, step: Step, detail: str) -> None:
        """Print the step."""
        self.last = step
        sys.stderr.write(f"{step.value:<8} {detail}\n")

    def bytes(self, done: int, total: int) -> None:
        """Do nothing: a log is not a live display."""


def progress_for(console: Console) -> Shown:
    """The display that suits the output."""
    return TerminalProgress(console) if console.is_terminal else LineProgress()
