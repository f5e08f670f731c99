"""The chart's values: what is refused, and that schema, defaults and README say the same."""

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from tests.chart.chart import CHART, ROOT, Chart, Refused, single
from tests.chart.everything import EVERYTHING
from tests.chart.values_table import generated_files
from transformermodel_api.generate import outdated

SCHEMA = json.loads((CHART / "values.schema.json").read_text())
VALUES = yaml.safe_load((CHART / "values.yaml").read_text())
FREE = {"/properties/global", "/definitions/volumeSource"}
"""What the API server judges, and not the chart."""


def objects(node: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema inside the schema that describes a value, with its path."""
    if isinstance(node, dict):
        if "type" in node or "$ref" in node:
            yield path, node
        for key, value in node.items():
            yield from objects(value, f"{path}/{key}")


def test_helm_finds_nothing_to_complain_about(chart: Chart) -> None:
    assert "0 chart(s) failed" in chart.run("lint", "--strict", str(CHART))


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"replica": 2}, "replica"),
        ({"image": {"operater": {}}}, "operater"),
        ({"servingRuntime": {"instal": "never"}}, "instal"),
        ({"servingRuntime": {"install": "yes"}}, "/servingRuntime/install"),
        ({"servingRuntime": {"drainSeconds": 26}}, "/servingRuntime/drainSeconds"),
        ({"image": {"operator": {"digest": "sha256:123"}}}, "/image/operator/digest"),
        ({"image": {"operator": {"repository": "example.com/operator@sha256"}}}, "/image/operator/repository"),
        ({"image": {"predictor": {"tag": 1.0}}}, "/image/predictor/tag"),
        ({"defaultStorageUri": "ftp://host"}, "/defaultStorageUri"),
        ({"clusterName": "here/there"}, "/clusterName"),
        ({"clusterName": ""}, "/clusterName"),
        ({"watchNamespaces": ["Default"]}, "/watchNamespaces/0"),
        ({"watchNamespaces": "default"}, "/watchNamespaces"),
        ({"hub": {"endpoint": "hub.example.com"}}, "/hub/endpoint"),
        ({"resources": {"limit": {}}}, "limit"),
        ({"resources": {"limits": {"memory": "1 Gi"}}}, "/resources/limits/memory"),
        ({"imagePullSecrets": ["registry"]}, "/imagePullSecrets/0"),
        ({"image": None}, "image"),
    ],
)
def test_a_wrong_value_is_refused_and_named(chart: Chart, values: dict[str, Any], named: str) -> None:
    with pytest.raises(Refused) as refused:
        chart.render(values)

    assert named in str(refused.value)
    assert "schema" in str(refused.value)


@pytest.mark.parametrize("uri", ["pvc://claim", "s3://bucket/models", "gs://bucket", "az://container/a/b"])
def test_every_kind_of_storage_can_be_the_default(uri: str) -> None:
    jsonschema.validate({**VALUES, "defaultStorageUri": uri}, SCHEMA)


def test_the_defaults_are_valid() -> None:
    jsonschema.validate(VALUES, SCHEMA)


def test_every_value_is_typed_described_and_closed() -> None:
    for path, node in objects(SCHEMA):
        parent = path.split("/")[-2] if "/" in path else ""
        assert "description" in node or parent != "properties", f"{path} has no description"
        free = "Affinity" in path or path in FREE
        if node.get("type") == "object" and not free:
            assert "additionalProperties" in node, f"{path} takes anything"


def test_with_everything_switched_on_each_object_has_a_name_of_its_own_and_the_common_labels(chart: Chart) -> None:
    manifests = [found for found in chart.render(EVERYTHING, tests=True) if found["metadata"]["name"] != "authorities"]

    assert set(EVERYTHING) == set(VALUES), "tests/chart/everything.py leaves a value out"
    identities = [(m["kind"], m["metadata"].get("namespace"), m["metadata"]["name"]) for m in manifests]
    assert len(set(identities)) == len(identities)
    assert {manifest["metadata"]["labels"].get("team") for manifest in manifests} == {"ml"}


def test_every_default_is_in_the_schema_and_every_value_has_a_default() -> None:
    assert set(SCHEMA["required"]) == set(VALUES) == set(SCHEMA["properties"]) - {"global"}


def test_the_readme_lists_the_values() -> None:
    assert outdated(generated_files(ROOT)) == [], "run `make generate`"


def test_the_charts_version_is_the_packages() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]

    assert chart["version"] == chart["appVersion"] == version


def test_packing_it_loses_nothing(chart: Chart, tmp_path: Path) -> None:
    chart.run("package", str(CHART), "--destination", str(tmp_path))
    (packed,) = tmp_path.iterdir()

    assert Chart(chart.helm, packed).render() == chart.render()


def test_it_can_be_part_of_another_chart(chart: Chart, tmp_path: Path) -> None:
    """Helm hands `global` to a chart inside another, which the closed schema must let through."""
    (tmp_path / "charts").mkdir()
    (tmp_path / "charts" / "transformermodel").symlink_to(CHART)
    dependency = {"name": "transformermodel", "version": "0.1.0"}
    (tmp_path / "Chart.yaml").write_text(
        json.dumps({"apiVersion": "v2", "name": "outer", "version": "1.0.0", "dependencies": [dependency]})
    )

    manifests = Chart(chart.helm, tmp_path).render({"global": {"team": "ml"}, "transformermodel": {"replicas": 3}})

    assert single(manifests, "Deployment")["spec"]["replicas"] == 3
