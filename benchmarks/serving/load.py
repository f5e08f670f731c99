"""The load process: a program in Go, so that asking costs little beside answering."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_SOURCE = Path(__file__).parent.parent / "load"
_PROGRAM = Path(".cache") / "benchmarks" / "load"


@dataclass(frozen=True)
class Load:
    """What came of a run.

    Attributes:
        seconds: how long it took.
        answered: requests that were answered with 200.
        statuses: how many requests had each status; `failed` for those without an answer.
        p50: median latency in milliseconds.
        p99: latency in milliseconds that one in a hundred exceeded.
        probe_p99: the same of the requests to the probed URL.
        answers: fingerprint of the answer to each body, by its line; `differs` where two answers were not equal.
    """

    seconds: float
    answered: int
    statuses: Mapping[str, int]
    p50: float
    p99: float
    probe_p99: float
    answers: Mapping[str, str]

    @property
    def rate(self) -> float:
        """Answers per second."""
        return self.answered / self.seconds


def ask(
    url: str,
    bodies: Path,
    *,
    clients: int,
    seconds: float,
    requests: int = 0,
    content_type: str = "application/json",
    probe: str = "",
) -> Load:
    """Ask one URL with many clients, until the time is over or so many requests are sent."""
    command = [str(_program()), "-url", url, "-bodies", str(bodies), "-clients", str(clients)]
    command += ["-seconds", str(seconds), "-requests", str(requests), "-content-type", content_type, "-probe", probe]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=seconds + 180)
    told: dict[str, Any] = json.loads(done.stdout)
    return Load(
        seconds=told["seconds"],
        answered=told["answered"],
        statuses=told["statuses"],
        p50=told["p50"],
        p99=told["p99"],
        probe_p99=told["probeP99"],
        answers=told["answers"],
    )


def _program() -> Path:
    """The built program; go builds it anew only where its source has changed."""
    target = _PROGRAM.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["go", "build", "-o", str(target), "."], cwd=_SOURCE, check=True, timeout=300)
    return target
