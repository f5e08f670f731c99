"""The chart as Helm renders it."""

import functools
import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "charts" / "transformermodel"
HELM = ROOT / ".cache" / "cluster" / "bin" / "helm"
KSERVE = ("serving.kserve.io/v1alpha1/ClusterServingRuntime", "serving.kserve.io/v1alpha1/ServingRuntime")
"""What the API server of a cluster with KServe knows."""

Manifest = dict[str, Any]


class Refused(Exception):
    """Helm would not render; the text is what it said."""


@dataclass(frozen=True)
class Chart:
    """A chart and the Helm binary that renders it."""

    helm: Path
    directory: Path = CHART

    def run(self, *arguments: str, given: str | None = None) -> str:
        """Run Helm and return its standard output.

        Raises:
            Refused: Helm failed.
        """
        done = subprocess.run([str(self.helm), *arguments], input=given, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Refused(done.stderr)
        return done.stdout

    def render(
        self,
        values: Mapping[str, Any] | None = None,
        *,
        api_versions: Sequence[str] = KSERVE,
        release: str = "release",
        namespace: str = "system",
        tests: bool = False,
    ) -> list[Manifest]:
        """The objects that an installation would make; with `tests` those of `helm test` too."""
        flags = [f"--api-versions={version}" for version in api_versions]
        if not tests:
            flags.append("--skip-tests")
        text = _template(self, (release, "--namespace", namespace, *flags), json.dumps(values or {}))
        # libyaml's loader takes a tenth of the time, of which the CRD needs most.
        return [document for document in yaml.load_all(text, Loader=yaml.CSafeLoader) if document]


@functools.cache
def _template(chart: Chart, arguments: tuple[str, ...], values: str) -> str:
    """What Helm renders; the chart does not change while the tests run, and most of them ask for the same."""
    return chart.run("template", *arguments, str(chart.directory), "--values", "-", given=values)


def of_kind(manifests: Sequence[Manifest], *kinds: str) -> list[Manifest]:
    """The objects of these kinds."""
    return [manifest for manifest in manifests if manifest["kind"] in kinds]


def single(manifests: Sequence[Manifest], kind: str) -> Manifest:
    """The one object of a kind."""
    (manifest,) = of_kind(manifests, kind)
    return manifest
