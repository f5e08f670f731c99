"""A Prometheus that reads real targets every second, with the chart's rules."""

import json
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.monitoring.install import PROMETHEUS
from tests.monitoring.rules_file import RULES
from tests.ports import free_port

PATIENCE = 300.0
"""Seconds after which what is waited for is not expected any more."""

_SCRAPES = 4

Labels = dict[str, str]


@dataclass(frozen=True)
class Target:
    """Who is read.

    Attributes:
        address: host and port.
        labels: what the PodMonitor would put on it.
        honor_labels: whether its own labels go before, as the PodMonitor says.
    """

    address: str
    labels: Labels
    honor_labels: bool


@dataclass(frozen=True)
class Prometheus:
    """A running one, and the way to it."""

    client: httpx.Client

    def query(self, expression: str) -> list[Labels]:
        """The labels of what an expression finds now.

        Raises:
            AssertionError: Prometheus cannot evaluate it.
        """
        found = self._ask("query", query=expression)
        return [sample["metric"] for sample in found["result"]]

    def parse(self, expression: str) -> dict[str, Any]:
        """The syntax tree of an expression."""
        tree: dict[str, Any] = self._ask("parse_query", query=expression)
        return tree

    def rules(self) -> list[dict[str, Any]]:
        """The rules with their health."""
        return [rule for group in self._ask("rules")["groups"] for rule in group["rules"]]

    def wait_until(self, expression: str) -> None:
        """Return when an expression finds something."""
        deadline = time.monotonic() + PATIENCE
        while not self.query(expression):
            assert time.monotonic() < deadline, f"{expression} finds nothing; targets: {self._ask('targets')}"
            time.sleep(0.2)

    def _ask(self, path: str, **parameters: str) -> Any:
        answer = self.client.get(f"/api/v1/{path}", params=parameters)
        assert answer.status_code == 200, f"{parameters}: {answer.text}"
        return answer.json()["data"]


@contextmanager
def scraping(targets: Sequence[Target], folder: Path) -> Iterator[Prometheus]:
    """A Prometheus that has read each target some times; it ends with the block."""
    (folder / "prometheus.json").write_text(json.dumps(_configuration(targets)))  # JSON is YAML
    address = f"127.0.0.1:{free_port()}"
    command = [
        *(PROMETHEUS, f"--config.file={folder / 'prometheus.json'}", f"--storage.tsdb.path={folder / 'data'}"),
        *(f"--web.listen-address={address}", "--log.level=warn"),
    ]
    with (folder / "prometheus.log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        with httpx.Client(base_url=f"http://{address}", timeout=PATIENCE, trust_env=False) as client:
            _wait_until_ready(client, process, folder / "prometheus.log")
            prometheus = Prometheus(client)
            prometheus.wait_until(f"count(count_over_time(up[1m]) >= {_SCRAPES} and up == 1) == {len(targets)}")
            yield prometheus
    finally:
        process.kill()
        process.wait()


def _configuration(targets: Sequence[Target]) -> dict[str, Any]:
    jobs = [
        {
            "job_name": f"{number}",
            "honor_labels": target.honor_labels,
            "static_configs": [{"targets": [target.address], "labels": target.labels}],
        }
        for number, target in enumerate(targets)
    ]
    return {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(RULES)],
        "scrape_configs": jobs,
    }


def _wait_until_ready(client: httpx.Client, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            if client.get("/-/ready").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError(log.read_text())
