"""The manifests for those who install without Helm: `python -m tests.chart.install_manifests` renders the chart.

That takes the Helm that `python -m tests.cluster.install` builds: where it is missing, they are left as they are.
"""

import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.chart.chart import CHART, HELM, Chart
from transformermodel_api.generate import main

RELEASE = "transformermodel"
_OF_HELM = ("# Source: ", "helm.sh/chart: ", "app.kubernetes.io/managed-by: Helm")


@dataclass(frozen=True)
class Installation:
    """One way to install.

    Attributes:
        file: name of the manifest.
        namespace: of the operator.
        values: of the chart.
        heading: what is said at the manifest's beginning, in lines without a comment's mark.
    """

    file: str
    namespace: str
    values: Mapping[str, Any]
    heading: str


WHOLE_CLUSTER = Installation(
    "install.yaml",
    "transformermodel-system",
    {
        "crds": {"keep": False},
        "servingRuntime": {"install": "always"},
        "extraObjects": [
            {
                "apiVersion": "v1",
                "kind": "Namespace",
                "metadata": {
                    "name": "{{ .Release.Namespace }}",
                    "labels": {"pod-security.kubernetes.io/enforce": "restricted"},
                },
            }
        ],
    },
    """TransformerModel for the whole cluster: CRD, operator, users' rights and KServe's runtime. KServe has to be
there. REGISTRY is where you have pushed the two images:

  sed 's#localhost/#REGISTRY/#' deploy/install.yaml | kubectl apply -f -""",
)
ONE_NAMESPACE = Installation(
    "install-in-a-namespace.yaml",
    "my-models",
    {
        "watchNamespaces": ["my-models"],
        "crds": {"enabled": False},
        "userRoles": {"create": False},
        "servingRuntime": {"install": "always"},
    },
    """TransformerModel for the one namespace NAMESPACE, with operator and models in it. It needs no right elsewhere:
somebody who has these has installed KServe, and applied crds/. REGISTRY is where you have pushed the two images:

  sed 's#localhost/#REGISTRY/#; s#my-models#NAMESPACE#' deploy/install-in-a-namespace.yaml | kubectl apply -f -""",
)
INSTALLATIONS = (WHOLE_CLUSTER, ONE_NAMESPACE)


def generated_files(root: Path) -> dict[Path, str]:
    """Path and content of the manifests of a checkout; none where Helm is missing."""
    if not HELM.is_file():
        sys.stderr.write("deploy/: left as it is, for `python -m tests.cluster.install` has not built helm yet\n")
        return {}
    chart = Chart(HELM, root / CHART.relative_to(CHART.parents[1]))
    return {root / "deploy" / installation.file: manifest(chart, installation) for installation in INSTALLATIONS}


def manifest(chart: Chart, installation: Installation) -> str:
    """What an installation makes, as text without what only Helm reads."""
    rendered = chart.run(
        *("template", RELEASE, str(chart.directory), "--namespace", installation.namespace, "--skip-tests"),
        *("--values", "-"),
        given=json.dumps(installation.values),
    )
    lines = [line.rstrip() for line in rendered.splitlines() if not line.strip().startswith(_OF_HELM)]
    documents = [document.strip() for document in re.split("^---$", "\n".join(lines), flags=re.MULTILINE)]
    heading = "\n".join(f"# {line}".rstrip() for line in installation.heading.splitlines())
    note = "#\n# Generated from charts/transformermodel by `make generate`; with Helm there is more to choose."
    return "\n---\n".join((f"{heading}\n{note}", *(document for document in documents if document))) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], generated_files))
