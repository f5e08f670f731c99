"""What a worker costs while it waits, and what is lost when one is killed.

python -m benchmarks.torchserve.workers [--seconds S]
"""

import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import httpx
import psutil

from benchmarks.report import Result, main
from benchmarks.serving.load import Load, ask
from benchmarks.serving.process import Server
from benchmarks.torchserve.handlers import HandlerArchive, with_a_model
from benchmarks.torchserve.ours import serving_archives

_MIB = 2**20
_CLIENTS = 8
_WORKERS = 2
_MODULE = "transformermodel_predictor.torchserve.worker"
_ALONE = "import torch; model = torch.nn.Linear(1024, 1024); print(flush=True); input()"


def measure(seconds: float = 8.0) -> Result:
    """Two workers with torch and a model: their memory, then one is killed while both are asked."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        archive = with_a_model(folder, _WORKERS)
        with serving_archives([archive.path], folder) as server:
            idle = max(_unique_bytes(worker) for worker in _workers(server))
            load, again = _asked_while_one_is_killed(server, archive, folder, seconds)
        alone = _memory_alone()
    lost = sum(load.statuses.values()) - load.answered
    rows = [
        ("memory of an idle worker that no other process shares", f"{idle / _MIB:.0f} MiB", ""),
        ("the same of Python with torch and its model", f"{alone / _MIB:.0f} MiB", ""),
        ("the worker's more", f"{(idle - alone) / _MIB:.1f} MiB", "at most 20 MiB"),
        ("requests while a worker was killed", str(sum(load.statuses.values())), ""),
        ("of them not answered", str(lost), "at most 1, the one in its hands"),
        ("until a new worker answered", f"{again:.1f} s", "as long as it takes to load"),
    ]
    return Result.of_rows(rows)


def _workers(server: Server) -> list[psutil.Process]:
    return [process for process in server.process.children(recursive=True) if _MODULE in process.cmdline()]


def _unique_bytes(process: psutil.Process) -> int:
    return int(process.memory_full_info().uss)


def _asked_while_one_is_killed(
    server: Server, archive: HandlerArchive, folder: Path, seconds: float
) -> tuple[Load, float]:
    """What came of a run, and the seconds from the kill until another worker answered."""
    body = folder / "body.txt"
    body.write_text("hello\n")
    loads: list[Load] = []
    url = f"{server.url}/predictions/{archive.name}"
    asking = threading.Thread(
        target=lambda: loads.append(ask(url, body, clients=_CLIENTS, seconds=seconds, content_type="text/plain"))
    )
    asking.start()
    time.sleep(seconds / 4)
    before = {worker.pid: worker for worker in _workers(server)}
    before[min(before)].kill()
    killed = time.monotonic()
    while _answering(url) in before:
        pass
    again = time.monotonic() - killed
    asking.join()
    return loads[0], again


def _answering(url: str) -> int:
    """The process that answers a request."""
    return int(httpx.post(url, content=b"hello", timeout=60, trust_env=False).raise_for_status().text)


def _memory_alone() -> int:
    with subprocess.Popen([sys.executable, "-c", _ALONE], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        found = _unique_bytes(psutil.Process(process.pid))
        process.kill()
    return found


if __name__ == "__main__":
    main(measure)
