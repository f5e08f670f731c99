"""What Helm says after an installation."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.chart.chart import Chart
from transformermodel_api.manifests import read_manifests

STORE = "s3://bucket/models"


def notes(chart: Chart, **values: Any) -> str:
    flags = ("--dry-run=client", "--namespace", "system", "--values", "-")
    said = chart.run("install", "release", str(chart.directory), *flags, given=json.dumps(values))
    return said.partition("\nNOTES:\n")[2]


def first_model(said: str) -> str:
    """The manifest that goes to kubectl's standard input: nothing is before its lines, so that END ends it."""
    (manifest,) = re.findall(r"^kubectl apply .* <<'END'\n(.*?)^END$", said, flags=re.MULTILINE | re.DOTALL)
    return str(manifest)


@pytest.mark.parametrize(
    ("values", "storage"), [({}, "pvc://models"), ({"defaultStorageUri": STORE}, None)], ids=["claim", "default"]
)
def test_the_first_model_is_a_valid_one(
    chart: Chart, tmp_path: Path, values: dict[str, Any], storage: str | None
) -> None:
    (tmp_path / "model.yaml").write_text(first_model(notes(chart, **values)))
    (model,) = read_manifests(tmp_path / "model.yaml")

    assert (model.spec.storage and model.spec.storage.uri) == storage


def test_commands_name_the_release_and_a_namespace_that_is_watched(chart: Chart) -> None:
    said = notes(chart, watchNamespaces=["team-a", "team-b"])

    assert "watches the namespaces team-a, team-b" in said
    assert "helm test release --namespace system" in said
    assert "deployment/release-transformermodel" in said
    assert "kubectl apply --namespace team-a " in said


@pytest.mark.parametrize(
    ("values", "missing"),
    [
        ({}, "KServe is not installed in this cluster yet"),
        ({"servingRuntime": {"install": "never"}}, "models need one of that name"),
        ({"networkPolicies": {"enabled": True}}, "list the namespaces of models in networkPolicies.namespaces"),
        ({"image": {"operator": {"repository": "example.com/o"}}}, "push them to a registry"),
    ],
)
def test_what_is_missing_is_said_with_what_helps(chart: Chart, values: dict[str, Any], missing: str) -> None:
    assert missing in notes(chart, **values)


def test_nothing_is_missed_where_nothing_is_missing(chart: Chart) -> None:
    said = notes(
        chart,
        servingRuntime={"install": "always"},
        networkPolicies={"enabled": True, "namespaces": ["team-a"]},
        image={name: {"repository": f"example.com/{name}"} for name in ("operator", "predictor")},
    )

    assert "KServe" not in said
    assert "NetworkPolicies" not in said
    assert "localhost" not in said
