"""What the chart says and tests once it is installed, and whom its network policies are about, on a real cluster."""

import os
import re
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.cluster.installation import CHART, RELEASE, SYSTEM_NAMESPACE
from tests.cluster.kubernetes import Object
from tests.cluster.node.run import PROGRAMS
from tests.cluster.stage import Stage

_COMMAND = re.compile(r"^ *(?:kubectl [^\n]*<<'END'\n.*?^END|(?:kubectl|helm) [^\n]*)$", flags=re.MULTILINE | re.DOTALL)
TEST = f"{RELEASE}-test"


@pytest.fixture
def commands(stage: Stage) -> Iterator[list[str]]:
    """The commands that the notes of the release name, in their order; the model that they make is deleted."""
    said = stage.kubernetes.helm("get", "notes", RELEASE, "--namespace", SYSTEM_NAMESPACE).stdout
    yield _COMMAND.findall(said)
    stage.kubernetes.kubectl("delete", "transformermodel", "sentiment", "--namespace=default", "--ignore-not-found")


def run(stage: Stage, command: str, *, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a command in a shell, as somebody who has copied it."""
    path = {"PATH": f"{PROGRAMS}:{os.environ['PATH']}"}
    return stage.kubernetes.run_in_network("bash", "-c", command, environment=path, check=check)


def test_the_commands_of_the_notes_do_what_they_say(stage: Stage, commands: list[str]) -> None:
    rollout, test, explain, apply, get, wait = commands

    assert "successfully rolled out" in run(stage, rollout).stdout
    assert re.search(r"Phase: +Succeeded", run(stage, test).stdout)
    assert left_of_the_test(stage) == []
    assert "suspend" in run(stage, explain).stdout
    assert "sentiment created" in run(stage, apply).stdout
    assert "sentiment" in run(stage, get).stdout
    stage.kubernetes.wait("transformermodel", "sentiment", "default", is_looked_after)
    # There is no claim in that namespace, so it waits in vain; for ten minutes, as it stands.
    in_vain = run(stage, wait.replace("--timeout=10m", "--timeout=1s"), check=False)
    assert "timed out waiting for the condition on transformermodels/sentiment" in in_vain.stderr


def is_looked_after(model: Object) -> bool:
    return bool(model.get("status", {}).get("conditions"))


def left_of_the_test(stage: Stage) -> list[Object]:
    """Pods, rights and models that are still there once Helm has told the result."""
    kinds = ("pod", "serviceaccount", "role", "rolebinding")
    found = [stage.kubernetes.get(kind, TEST, SYSTEM_NAMESPACE) for kind in kinds]
    models = stage.kubernetes.objects("transformermodels", SYSTEM_NAMESPACE)
    return [*(each for each in found if each is not None), *models]


def test_network_policies_are_about_the_pods_that_kserve_and_helm_make(stage: Stage, sentiment: Object) -> None:
    policies = {policy["metadata"]["name"]: policy for policy in network_policies(stage)}

    (operator, predictor) = (pods_of(stage, policies[name]) for name in (RELEASE, f"{RELEASE}-predictor"))
    assert {pod["metadata"]["labels"]["app.kubernetes.io/component"] for pod in operator} == {"operator"}
    assert len(operator) == 2
    assert {container["name"] for pod in predictor for container in pod["spec"]["containers"]} == {"kserve-container"}


def network_policies(stage: Stage) -> list[Object]:
    values = ("--set", "networkPolicies.enabled=true", "--set", f"networkPolicies.namespaces={{{stage.namespace}}}")
    rendered = stage.kubernetes.helm("template", RELEASE, CHART, "--namespace", SYSTEM_NAMESPACE, *values).stdout
    return [found for found in yaml.safe_load_all(rendered) if found and found["kind"] == "NetworkPolicy"]


def pods_of(stage: Stage, policy: Object) -> list[Object]:
    """The pods that a policy selects, as the API server selects them."""
    selector: dict[str, Any] = policy["spec"]["podSelector"]
    wanted = [f"{key}={value}" for key, value in selector.get("matchLabels", {}).items()]
    for requirement in selector.get("matchExpressions", []):
        of = f" in ({','.join(requirement['values'])})" if requirement["operator"] == "In" else ""
        wanted.append(f"{requirement['key']}{of}")
    return stage.kubernetes.objects("pods", policy["metadata"]["namespace"], ",".join(wanted))
