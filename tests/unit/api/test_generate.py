"""`python -m transformermodel_api.generate` keeps the generated files of a checkout up to date."""

import subprocess
import sys
from pathlib import Path

import pytest

from transformermodel_api import generate
from transformermodel_api.crd import crd_yaml

ROOT = Path(__file__).parents[3]


def test_the_committed_files_are_up_to_date() -> None:
    assert generate.outdated(generate.generated_files(ROOT)) == []


def test_the_module_checks_the_checkout_it_belongs_to() -> None:
    done = subprocess.run([sys.executable, "-m", "transformermodel_api.generate", "--check"], capture_output=True)

    assert done.returncode == 0, done.stderr


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(generate, "__file__", str(tmp_path / "crds" / "transformermodel_api" / "generate.py"))
    return tmp_path


@pytest.fixture
def checkout(elsewhere: Path) -> Path:
    (elsewhere / "crds").mkdir()
    (elsewhere / "pyproject.toml").touch()
    return elsewhere


def test_missing_files_are_named_and_then_written(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    crd = Path("crds/transformermodel.dev_transformermodels.yaml")
    chart = Path("charts/transformermodel/files/transformermodels.yaml")
    pages = (Path("docs/resource.md"), Path("docs/failures.md"))

    assert generate.main(["--check"]) == 1
    assert capsys.readouterr().err.splitlines() == [
        f"{path} is out of date: run `make generate` and commit it" for path in (crd, chart, *pages)
    ]
    assert generate.main([]) == 0
    assert generate.main(["--check"]) == 0
    assert (checkout / crd).read_text() == (checkout / chart).read_text() == crd_yaml()


def test_only_what_is_out_of_date_is_written(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    generate.main([])
    capsys.readouterr()
    (checkout / "crds/transformermodel.dev_transformermodels.yaml").write_text("old")

    generate.main([])

    assert capsys.readouterr().out == "wrote crds/transformermodel.dev_transformermodels.yaml\n"


def test_without_a_checkout_it_says_so(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert generate.main([]) == 2
    assert f"{elsewhere} is not a checkout of the project" in capsys.readouterr().err


def test_another_argument_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert generate.main(["--force"]) == 2
    assert "usage: python -m transformermodel_api.generate [--check]" in capsys.readouterr().err
