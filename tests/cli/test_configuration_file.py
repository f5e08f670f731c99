"""`prepare` takes the configuration file of TorchServe's preparation script, too."""

import json
from pathlib import Path

import pytest
import yaml

from tests.cli.forked import run
from tests.predictor.preparation.conftest import QUICK
from tests.predictor.tiny import save_tiny_checkpoint
from tests.predictor.watcher import Watcher
from transformermodel_api.contract import PreparationRequest
from transformermodel_api.errors import UserError
from transformermodel_api.failures import FailureReason
from transformermodel_api.validation import problems
from transformermodel_cli.configuration_file import is_configuration_file, read_configuration_file, read_models
from transformermodel_cli.subjects import ManifestSubject, read_subjects
from transformermodel_predictor.artifact.directory import open_artifact
from transformermodel_predictor.artifact.local_store import LocalStore
from transformermodel_predictor.preparation.pipeline import prepare

SETUP = {
    "model_name": "./My_Model",
    "mode": "sequence_classification",
    "do_lower_case": True,
    "num_labels": "3",
    "save_mode": "pretrained",
    "max_length": "32",
    "colour": "red",
}


def write(folder: Path, name: str = "setup_config.json", **changes: object) -> Path:
    file = folder / name
    file.write_text(json.dumps({**SETUP, **changes}))
    return file


def test_its_manifest_is_printed_with_what_was_left_out(tmp_path: Path) -> None:
    done = run("prepare", str(write(tmp_path)), "--store", str(tmp_path / "store"))
    assert done.returncode == FailureReason.NotFound.exit_status
    assert "NotFound: file://./My_Model" in done.stderr
    assert "colour is not known and was ignored." in done.stderr
    document = yaml.safe_load(done.stdout)
    assert list(problems(document)) == []
    assert document["metadata"] == {"name": "my-model"}
    assert document["spec"]["preparation"]["numLabels"] == 3


def test_it_is_prepared_as_the_script_would(tmp_path: Path) -> None:
    save_tiny_checkpoint(tmp_path / "My_Model")
    (tmp_path / "index_to_name.json").write_text('{"label_list": "[bad, so so, good]"}')
    (subject,) = read_subjects([f"mine={write(tmp_path)}"])
    assert isinstance(subject, ManifestSubject)
    assert (subject.name, subject.base) == ("mine", tmp_path)
    store, request = LocalStore(tmp_path / "store"), PreparationRequest.of(subject.model.spec)
    prepared = prepare(request, store, Watcher(), base=subject.base, budget=QUICK)
    artifact = open_artifact(tmp_path / "store" / prepared.path)
    assert artifact.labels == ("bad", "so so", "good")
    assert (artifact.configuration.max_length, artifact.configuration.do_lower_case) == (32, True)


@pytest.mark.parametrize(
    ("content", "is_one"),
    [
        ('{"model_name": "x"}', True),
        ("handler: {model_name: x}\nminWorkers: 1", True),
        ("apiVersion: transformermodel.dev/v1alpha1\nkind: TransformerModel", False),
        ("{", False),
        ("", False),
    ],
)
def test_a_configuration_file_is_told_from_a_manifest(tmp_path: Path, content: str, is_one: bool) -> None:
    (tmp_path / "file").write_text(content)
    assert is_configuration_file(tmp_path / "file") is is_one


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"mode": "divination"}, "mode 'divination' is not known"),
        ({"max_length": 2}, "spec.preparation.maxLength"),
        ({"do_lower_case": "perhaps"}, "setup_config.json.do_lower_case must be bool"),
    ],
)
def test_what_is_wrong_is_named_with_the_file(tmp_path: Path, changes: dict[str, object], problem: str) -> None:
    file = write(tmp_path, **changes)
    with pytest.raises(UserError) as refusal:
        read_configuration_file(file)
    assert str(refusal.value).startswith(f"{file}: ")
    assert problem in str(refusal.value)


def test_class_names_that_cannot_be_used_are_refused(tmp_path: Path) -> None:
    (tmp_path / "index_to_name.json").write_text('{"0": "bad", "2": "good"}')
    with pytest.raises(UserError, match=r"index_to_name\.json beside it cannot be used"):
        read_configuration_file(write(tmp_path))


def test_it_is_looked_at_as_the_manifest_that_says_the_same(tmp_path: Path) -> None:
    file = str(write(tmp_path))

    valid = run("validate", file)
    assert (valid.returncode, valid.stdout) == (0, f"{file}: valid (my-model)\n")

    looked = run("doctor", file)
    assert looked.returncode == FailureReason.NotFound.exit_status
    assert "my-model is valid" in looked.stdout
    assert "NotFound: file://./My_Model" in looked.stdout


def test_it_is_refused_by_its_name_where_it_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"setup_config\.json\.do_lower_case must be bool"):
        list(read_models(write(tmp_path, do_lower_case="perhaps")))
