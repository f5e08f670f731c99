"""A TorchServe process on loopback."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.ports import free_ports
from tests.torchserve.install import PROGRAM, PYTHON, install

_START_SECONDS = 240
_DIED = "Backend worker process died"
_SERVICES = ("inference", "management", "metrics")


@dataclass(frozen=True)
class TorchServe:
    """A running TorchServe: where it listens, and its first process."""

    url: str
    pid: int
    management_url: str

    def predict(self, name: str, body: bytes | str, content_type: str = "text/plain") -> httpx.Response:
        """Ask a model."""
        headers = {"content-type": content_type}
        return httpx.post(f"{self.url}/predictions/{name}", content=body, headers=headers, timeout=60, trust_env=False)


@contextmanager
def serving(archives: Sequence[Path], folder: Path, threads: int = 1) -> Iterator[TorchServe]:
    """Serve archives of one folder until the block ends; logs go to another folder."""
    install()
    ports = free_ports(len(_SERVICES) + 3)
    configuration = folder / "config.properties"
    configuration.write_text(_configuration(archives, ports, folder))
    command = [PROGRAM, "--start", "--foreground", "--ncs", "--disable-token-auth", "--enable-model-api"]
    command += ["--model-store", archives[0].parent, "--ts-config", configuration]
    log = folder / "torchserve.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=output, cwd=folder, env=_environment(folder, threads), start_new_session=True
        )
    try:
        inference, management = (f"http://127.0.0.1:{port}" for port in ports[:2])
        server = TorchServe(inference, process.pid, management)
        for archive in archives:
            _wait(process, f"{management}/models/{archive.stem}", log)
        yield server
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # Java outlives its launcher, and its workers outlive Java
        process.wait()


def _configuration(archives: Sequence[Path], ports: list[int], folder: Path) -> str:
    addresses = [f"{name}_address=http://127.0.0.1:{port}" for name, port in zip(_SERVICES, ports, strict=False)]
    settings = {
        "grpc_inference_port": ports[3],
        "grpc_management_port": ports[4],
        "initial_worker_port": ports[5],
        "vmargs": f"-Xmx512m -Djava.io.tmpdir={folder}",
        "number_of_netty_threads": 2,
        "default_workers_per_model": 1,
        "load_models": ",".join(f"{archive.stem}={archive.name}" for archive in archives),
    }
    return "\n".join([*addresses, *(f"{key}={value}" for key, value in settings.items())]) + "\n"


def _environment(folder: Path, threads: int) -> dict[str, str]:
    own = {"HF_HUB_OFFLINE": "1", "LOG_LOCATION": str(folder), "METRICS_LOCATION": str(folder)}
    own["OMP_NUM_THREADS"] = str(threads)
    return {**os.environ, **own, "PATH": f"{PYTHON.parent}{os.pathsep}{os.environ['PATH']}", "TMPDIR": str(folder)}


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    """Wait until the model has a worker that is ready."""
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline and _DIED not in log.read_text(errors="replace"):
        try:
            workers = httpx.get(url, timeout=5, trust_env=False).json()[0]["workers"]
        except (httpx.HTTPError, KeyError, IndexError, ValueError):
            workers = []
        if any(worker["status"] == "READY" for worker in workers):
            return
        time.sleep(0.2)
    told = [line for line in log.read_text(errors="replace").splitlines() if "MODEL_LOG" in line]
    raise AssertionError("\n".join(["TorchServe is not ready:", *told[-60:]]))
