"""The place where the components run: a run's files and its namespaces."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.node.namespaces import Namespaces
from tests.cluster.node.processes import Component
from tests.cluster.node.run import PROGRAMS, Run

_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

PROGRAMS_SETTINGS = {"GOGC": "200"}
"""Variables for all of Kubernetes's programs: they may take more memory before they look for garbage."""


@dataclass(frozen=True)
class Machine:
    """A run's files and namespaces together."""

    run: Run
    namespaces: Namespaces

    @property
    def client_settings(self) -> dict[str, str]:
        """Variables for kubectl and helm: the administrator's access, and caches of the run's own.

        All runs have the same addresses, so that a cache in the home folder would tell one about another's resources.
        """
        cache = self.run.folder / "client"
        return {
            **PROGRAMS_SETTINGS,
            "KUBECONFIG": str(self.run.kubeconfig),
            "KUBECACHEDIR": str(cache / "kube"),
            "KUBERC": "off",
            "HELM_CACHE_HOME": str(cache / "helm-cache"),
            "HELM_CONFIG_HOME": str(cache / "helm-configuration"),
            "HELM_DATA_HOME": str(cache / "helm-data"),
        }

    @property
    def client_environment(self) -> dict[str, str]:
        """This process's environment with the settings for kubectl and helm."""
        return {**os.environ, **self.client_settings}

    def kubectl(self, *arguments: str, text_input: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run kubectl as the cluster's administrator, whatever its exit status."""
        command = self.namespaces.enter_network(PROGRAMS / "kubectl", *arguments)
        return subprocess.run(
            command, input=text_input, capture_output=True, text=True, check=False, env=self.client_environment
        )

    def start(
        self, name: str, program: str | Path, *arguments: object, environment: Mapping[str, str] | None = None
    ) -> Component:
        """Start a component; it writes to its own log and ends with the namespaces.

        Args:
            name: names the log.
            program: a path, or a name that is searched as root's shell would.
            arguments: its command line.
            environment: variables besides PATH and HOME. Nothing else of this process's environment is seen.
        """
        log = self.run.logs / f"{name}.log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                self.namespaces.enter(program, *arguments),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                env={
                    **PROGRAMS_SETTINGS,
                    "PATH": f"{PROGRAMS}{os.pathsep}{_SYSTEM_PATH}",
                    "HOME": "/root",
                    **(environment or {}),
                },
            )
        return Component(name, process, log)
