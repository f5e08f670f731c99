"""The operator's process from its start to SIGTERM: probe, traces, logs, and what it leaves."""

import json
import signal
from dataclasses import dataclass

import httpx
import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.background import in_thread
from tests.collector import Collector
from tests.operator.faults.api_server import ApiServer
from tests.operator.faults.process import IDENTITY, operator_process
from tests.operator.faults.scenario import manifest
from tests.operator.faults.stage import PATIENCE
from tests.operator.faults.theatre import Theatre
from tests.ports import free_ports
from transformermodel_api.tracing import ENDPOINT

NAMESPACE = "process"
LEASE = "transformermodel-operator"


@dataclass(frozen=True)
class Life:
    """What one process has done.

    Attributes:
        probed: status of its liveness probe while it worked.
        held: who held the Lease meanwhile.
        released: who holds it afterwards.
        exit_status: of the process, after SIGTERM.
        spans: what it has sent to the collector.
        lines: what it has logged.
    """

    probed: int
    held: str
    released: str
    exit_status: int
    spans: list[Span]
    lines: list[str]


@pytest.fixture(scope="module")
def life(theatre: Theatre, tmp_path_factory: pytest.TempPathFactory) -> Life:
    """It leads, tells of one model, which waits for its claim, and is asked to end."""
    server, log = theatre.server, tmp_path_factory.mktemp("process") / "operator.log"
    server.kubectl("create", "namespace", NAMESPACE)
    server.kubectl("apply", f"--namespace={NAMESPACE}", "-f", "-", given=json.dumps(manifest("first")))
    metrics_port, probe_port = free_ports(2)
    with in_thread(Collector()) as collector:
        endpoint = {ENDPOINT: f"http://127.0.0.1:{collector.server_port}"}
        ports = {"metrics_port": metrics_port, "probe_port": probe_port}
        with operator_process(server, NAMESPACE, log, **ports, **endpoint) as process:
            server.kubectl(
                *("wait", "tfm/sentiment", f"--namespace={NAMESPACE}"), "--for=condition=Ready=False", "--timeout=300s"
            )
            probed = httpx.get(f"http://127.0.0.1:{probe_port}/healthz", timeout=PATIENCE).status_code
            held = holder(server)
            process.send_signal(signal.SIGTERM)
            status = process.wait()
    return Life(probed, held, holder(server), status, collector.spans, log.read_text().splitlines())


def holder(server: ApiServer) -> str:
    return server.kubectl("get", "lease", LEASE, f"--namespace={NAMESPACE}", "-o=jsonpath={.spec.holderIdentity}")


def test_it_is_alive_while_it_works(life: Life) -> None:
    assert (life.probed, life.held) == (200, IDENTITY)


def test_asked_to_end_it_lets_go_of_the_lease_and_ends_well(life: Life) -> None:
    assert (life.released, life.exit_status) == ("", 0)


def test_each_reconciliation_is_a_span_at_the_collector_that_is_named_up_to_the_last(life: Life) -> None:
    assert {span.name for span in life.spans} == {"reconcile"}
    about = [{pair.key: pair.value.string_value for pair in span.attributes} for span in life.spans]
    assert {"k8s.namespace.name": NAMESPACE, "transformermodel.model": "sentiment"} in about


def test_it_logs_nothing_but_json(life: Life) -> None:
    assert life.lines
    assert all({"level", "message"} <= json.loads(line).keys() for line in life.lines)
