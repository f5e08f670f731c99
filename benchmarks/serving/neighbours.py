"""One client of our server, while other processes keep the CPUs busy, as they may on a shared node.

Threads of a forward pass wait for each other after every operation. How long they look for work before they sleep is
our server's to choose: it is asked as it starts by itself, and with what GNU's OpenMP would choose.

python -m benchmarks.serving.neighbours [--rounds N] [--seconds S]
"""

import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from transformers import AutoTokenizer

from benchmarks.report import Result, main
from benchmarks.serving import rivals
from benchmarks.serving.models import prepare
from benchmarks.serving.rivals import Rival
from benchmarks.serving.texts import make_texts
from transformermodel_predictor.threads import cpu_limit

_TEXTS = 200
_WAITING: Mapping[str, Mapping[str, str]] = {
    "as our server has it": {},
    "as GNU's OpenMP has it": {"GOMP_SPINCOUNT": "300000"},
    "sleeping at once": {"GOMP_SPINCOUNT": "0"},
}
"""How threads wait, by what it is called in the table: variables of the server's environment."""


def measure(rounds: int = 5, seconds: float = 5.0) -> Result:
    """Every way to wait in turn: alone, and beside two busy processes per CPU."""
    busy = 2 * cpu_limit()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        model = prepare(folder, "Packed", "BFloat16")
        texts = make_texts(AutoTokenizer.from_pretrained(model.path), _TEXTS)
        servers = {
            waiting: stack.enter_context(rivals.ours(model, texts, folder, environment))
            for waiting, environment in _WAITING.items()
        }
        for server in servers.values():
            server.ask(1, 2)
        alone = _rates(servers, rounds, seconds)
        with _busy(busy):
            beside = _rates(servers, rounds, seconds)
    lines = [f"| threads wait | alone, answers/s | beside {busy} busy processes | lowest-highest |", "|--|--|--|--|"]
    for waiting, rates in beside.items():
        medians = f"{statistics.median(alone[waiting]):.0f} | {statistics.median(rates):.0f}"
        lines.append(f"| {waiting} | {medians} | {min(rates):.0f}-{max(rates):.0f} |")
    values = [{"name": waiting, "alone": alone[waiting], "beside": beside[waiting]} for waiting in servers]
    return Result("\n".join(lines), values)


def _rates(servers: Mapping[str, Rival], rounds: int, seconds: float) -> dict[str, list[float]]:
    """Answers per second of one client, one figure per round."""
    rates: dict[str, list[float]] = {waiting: [] for waiting in servers}
    for _ in range(rounds):
        for waiting, server in servers.items():
            rates[waiting].append(server.ask(1, seconds).rate)
    return rates


@contextmanager
def _busy(count: int) -> Iterator[None]:
    """So many processes that compute without end."""
    processes = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


if __name__ == "__main__":
    main(measure)
