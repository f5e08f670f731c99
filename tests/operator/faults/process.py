"""The operator's process beside the tests' API server, as the chart starts it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.operator.faults.api_server import ApiServer

IDENTITY = "operator-0"


@contextmanager
def operator_process(
    server: ApiServer, namespace: str, log: Path, *, metrics_port: int, probe_port: int, **environment: str
) -> Iterator[subprocess.Popen[bytes]]:
    """The process, for the models of one namespace; it is asked to end with the block, and has ended then."""
    settings = {
        "OPERATOR_NAMESPACE": namespace,
        "WATCH_NAMESPACES": namespace,
        "PREDICTOR_IMAGE": "predictor:1",
        "METRICS_PORT": str(metrics_port),
        "PROBE_PORT": str(probe_port),
    }
    environment = {
        **os.environ,
        **{f"TRANSFORMERMODEL_{name}": value for name, value in settings.items()},
        "KUBECONFIG": str(server.kubeconfig),
        "POD_NAME": IDENTITY,
        **environment,
    }
    with log.open("w") as output:
        program = [Path(sys.prefix) / "bin" / "transformermodel", "operator"]
        process = subprocess.Popen(program, env=environment, stdout=output, stderr=output)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()
