"""The CustomResourceDefinition in the chart."""

import pytest
import yaml

from tests.chart.chart import ROOT, Chart, Manifest, of_kind, single

KEEP = {"helm.sh/resource-policy": "keep"}


@pytest.fixture(scope="module")
def published() -> Manifest:
    (file,) = (ROOT / "crds").glob("*.yaml")
    return yaml.safe_load(file.read_text())


def test_it_is_the_published_one_with_helms_labels(chart: Chart, published: Manifest) -> None:
    rendered = single(chart.render(), "CustomResourceDefinition")
    added = {key: rendered["metadata"].pop(key) for key in ("labels", "annotations")}

    assert rendered == published
    assert added["annotations"] == KEEP
    assert added["labels"]["app.kubernetes.io/managed-by"] == "Helm"


def test_it_is_kept_on_uninstall_unless_told_otherwise(chart: Chart) -> None:
    assert single(chart.render(), "CustomResourceDefinition")["metadata"]["annotations"] == KEEP
    assert "annotations" not in single(chart.render({"crds": {"keep": False}}), "CustomResourceDefinition")["metadata"]


def test_it_can_be_left_out(chart: Chart) -> None:
    assert of_kind(chart.render({"crds": {"enabled": False}}), "CustomResourceDefinition") == []
