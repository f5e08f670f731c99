"""What the cluster says when something did not happen."""

from tests.cluster.node.machine import Machine

_LINES_OF_LOG = 40


def of(machine: Machine, kind: str, name: str, namespace: str | None) -> str:
    """Everything that may explain an object's state: itself, its neighbours, events, logs."""
    where = f"--namespace={namespace}" if namespace else "--all-namespaces"
    parts = [
        _section(machine, "describe", kind, name, *([where] if namespace else [])),
        _section(machine, "get", "all", where, "--output=wide"),
        _section(machine, "get", "events", where, "--sort-by=.lastTimestamp"),
        *(_logs(machine, namespace) if namespace else ()),
        f"logs of the cluster's components: {machine.run.logs}",
    ]
    return "\n".join(parts)


def _section(machine: Machine, *arguments: str) -> str:
    done = machine.kubectl(*arguments)
    return f"--- kubectl {' '.join(arguments)}\n{done.stdout}{done.stderr}"


def _logs(machine: Machine, namespace: str) -> list[str]:
    pods = machine.kubectl("get", "pods", f"--namespace={namespace}", "--output=name").stdout.split()
    options = ("--all-containers", "--prefix", f"--tail={_LINES_OF_LOG}", f"--namespace={namespace}")
    return [_section(machine, "logs", pod, *options) for pod in pods]
