"""The wheel: what is in it, and that it works away from the checkout."""

import email
import zipfile
from email.message import Message
from pathlib import Path

import pytest
import yaml

from tests.packaging.environment import Environment

PACKAGES = {"transformermodel_api", "transformermodel_cli", "transformermodel_operator", "transformermodel_predictor"}
MANIFEST = """\
apiVersion: transformermodel.dev/v1alpha1
kind: TransformerModel
metadata:
  name: sentiment
spec:
  task: SequenceClassification
  source:
    uri: hf://org/name
"""


@pytest.fixture(scope="module")
def content(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def metadata(content: dict[str, bytes]) -> Message:
    (name,) = [name for name in content if name.endswith(".dist-info/METADATA")]
    return email.message_from_bytes(content[name])


def test_it_holds_our_packages_typed_and_nothing_else(content: dict[str, bytes]) -> None:
    top = {name.partition("/")[0] for name in content}

    assert {name for name in top if not name.endswith(".dist-info")} == PACKAGES
    assert {f"{package}/py.typed" for package in PACKAGES} <= set(content)
    assert not [name for name in content if "__pycache__" in name or Path(name).name.startswith(("test_", "conftest"))]


def test_it_carries_what_pages_are_made_of(content: dict[str, bytes]) -> None:
    names = {
        f"transformermodel_predictor/pages/{name}" for name in ("explanation.css", "playground.css", "playground.js")
    }

    assert names <= set(content)


def test_it_carries_the_licence(content: dict[str, bytes], metadata: Message) -> None:
    (licence,) = [text for name, text in content.items() if name.endswith("/licenses/LICENSE")]

    assert b"Apache License" in licence
    assert b"END OF TERMS AND CONDITIONS" in licence
    assert metadata["License-Expression"] == "Apache-2.0"


def test_only_the_predictor_needs_machine_learning(metadata: Message) -> None:
    heavy = ("torch", "captum", "transformers", "kserve", "peft", "accelerate", "safetensors", "huggingface-hub")
    required = metadata.get_all("Requires-Dist") or []

    assert set(metadata.get_all("Provides-Extra") or []) == {"operator", "predictor", "tracing", "dev"}
    for line in (line for line in required if line.startswith(heavy)):
        assert "extra == 'predictor'" in line


def test_its_packages_come_from_the_wheel(installed: Environment, tmp_path: Path) -> None:
    for package in PACKAGES:
        done = installed.run("python", "-c", f"import {package}; print({package}.__file__)", cwd=tmp_path)
        assert Path(done.stdout.strip()).is_relative_to(installed.packages)


def test_help_lists_the_commands(installed: Environment, tmp_path: Path) -> None:
    done = installed.run("transformermodel", "--help", cwd=tmp_path)

    assert done.returncode == 0
    for command in ("serve", "prepare", "validate", "crds", "operator"):
        assert command in done.stdout


def test_it_prints_the_crd(installed: Environment, tmp_path: Path) -> None:
    done = installed.run("transformermodel", "crds", cwd=tmp_path)

    assert yaml.safe_load(done.stdout)["metadata"]["name"] == "transformermodels.transformermodel.dev"


def test_it_validates_manifests(installed: Environment, tmp_path: Path) -> None:
    (tmp_path / "right.yaml").write_text(MANIFEST)
    (tmp_path / "wrong.yaml").write_text(MANIFEST.replace("SequenceClassification", "Sequence"))

    assert installed.run("transformermodel", "validate", "right.yaml", cwd=tmp_path).returncode == 0
    wrong = installed.run("transformermodel", "validate", "wrong.yaml", cwd=tmp_path)
    assert wrong.returncode == 2
    assert "spec.task" in wrong.stderr
    assert "Traceback" not in wrong.stderr


def test_it_leaves_nothing_behind(installed: Environment, tmp_path: Path) -> None:
    installed.run("transformermodel", "crds", cwd=tmp_path)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import transformermodel_api.model", {"torch", "transformers", "kserve", "kopf", "kubernetes", "typer"}),
        ("import transformermodel_cli.entry", {"typer", "rich", "pydantic", "yaml"}),
        ("import transformermodel_cli.main", {"torch", "transformers", "kserve", "kopf", "kubernetes"}),
        ("import transformermodel_operator.main", {"torch", "transformers", "kserve", "safetensors", "numpy"}),
        ("import transformermodel_predictor.preparation.making", {"kopf", "kubernetes", "kserve"}),
        ("import transformermodel_predictor.preparation.pipeline", {"kopf", "kubernetes", "kserve", "transformers"}),
    ],
)
def test_what_is_not_needed_is_not_loaded(
    installed: Environment, tmp_path: Path, statement: str, absent: set[str]
) -> None:
    assert not installed.modules_after(statement, cwd=tmp_path) & absent


def test_it_carries_what_handlers_import_and_only_they_can(installed: Environment, tmp_path: Path) -> None:
    importing = "from transformermodel_predictor.torchserve.testing import handlers_can_import\n"
    within = f"{importing}with handlers_can_import():\n    import ts.context\n    print(ts.context.__file__)"
    done = installed.run("python", "-c", f"{within}\nimport ts.context", cwd=tmp_path)

    assert Path(done.stdout.strip()).is_relative_to(installed.packages / "transformermodel_predictor")
    assert "No module named 'ts'" in done.stderr
