"""Manifests are read from files, or refused with all that is wrong with them."""

from pathlib import Path

import pytest
import yaml

from tests.unit.api.wrong_manifests import SOUND, TASKS, changed
from transformermodel_api.errors import InvalidManifest, UserError
from transformermodel_api.manifests import read_manifests
from transformermodel_api.preparation import Format, Precision

EXAMPLES = sorted((Path(__file__).parents[3] / "examples").glob("*/*.yaml"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "model.yaml"


def refusal(path: Path) -> InvalidManifest:
    with pytest.raises(InvalidManifest) as caught:
        read_manifests(path)
    return caught.value


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_the_examples_are_sound(example: Path) -> None:
    assert read_manifests(example)


def test_a_file_may_hold_several_models_in_order(file: Path) -> None:
    file.write_text(yaml.safe_dump_all([changed(metadata__name="b"), None, changed(metadata__name="a")]))

    assert [model.metadata.name for model in read_manifests(file)] == ["b", "a"]


def test_what_is_left_out_has_the_schema_s_default(file: Path) -> None:
    file.write_text(yaml.safe_dump(SOUND))

    [model] = read_manifests(file)

    assert model.metadata.namespace == "default"
    assert (model.spec.preparation.format, model.spec.preparation.precision) == (Format.Auto, Precision.Auto)
    assert (model.spec.preparation.deadline_seconds, model.spec.predictor.min_replicas) == (3600, 1)
    assert model.spec.suspend is False


def test_a_revision_that_looks_like_a_date_stays_text(file: Path) -> None:
    file.write_text(yaml.safe_dump(changed(source__revision="R")).replace("revision: R", "revision: 2024-01-01"))

    assert read_manifests(file)[0].spec.source.revision == "2024-01-01"


def test_a_model_that_several_documents_define_is_refused_with_their_numbers(file: Path) -> None:
    other = changed(metadata__name="other")
    file.write_text(yaml.safe_dump_all([SOUND, other, SOUND, SOUND]))

    name = SOUND["metadata"]["name"]
    assert refusal(file).problems == (
        f"documents 1, 3 and 4 define the same TransformerModel {name}: rename or remove all but one",
    )


def test_models_of_one_name_in_different_namespaces_are_different_models(file: Path) -> None:
    file.write_text(yaml.safe_dump_all([SOUND, changed(metadata__namespace="team")]))

    assert [model.metadata.namespace for model in read_manifests(file)] == ["default", "team"]


def test_problems_of_all_documents_are_told_at_once(file: Path) -> None:
    documents = [SOUND, changed(task="X", source={}), {"apiVersion": "v1", "kind": "Pod"}]
    file.write_text(yaml.safe_dump_all(documents))

    error = refusal(file)

    assert error.problems == (
        "document 2: spec.source.uri: Required value",
        'document 2: spec.task: Unsupported value: "X": supported values: ' + TASKS,
        'document 3: apiVersion: Unsupported value: "v1": supported values: "transformermodel.dev/v1alpha1"',
        'document 3: kind: Unsupported value: "Pod": supported values: "TransformerModel"',
    )
    assert str(error).splitlines() == [f"{file}: {problem}" for problem in error.problems]


def test_a_single_document_is_not_counted(file: Path) -> None:
    file.write_text(yaml.safe_dump(changed(task="X")))

    assert refusal(file).problems == ('spec.task: Unsupported value: "X": supported values: ' + TASKS,)


@pytest.mark.parametrize("text", ["", "\n", "---\n---\n", "# nothing\n"])
def test_an_empty_file_is_refused(file: Path, text: str) -> None:
    file.write_text(text)

    assert refusal(file).problems == ("is empty: write a TransformerModel of transformermodel.dev/v1alpha1",)


def test_broken_yaml_is_refused_with_line_and_column(file: Path) -> None:
    file.write_text("kind: TransformerModel\nspec: {task: a\n")

    assert refusal(file).problems == ("is not YAML: line 3, column 1: expected ',' or '}', but got '<stream end>'",)


def test_bytes_that_are_no_text_are_refused(file: Path) -> None:
    file.write_bytes(b"kind: \xff")

    assert refusal(file).problems == ("is not YAML: byte 6 is not UTF-8 text",)


def test_a_file_that_is_not_there_is_refused(file: Path, tmp_path: Path) -> None:
    assert refusal(file).problems == ("cannot be read: No such file or directory",)
    assert refusal(tmp_path).problems == ("is a folder: name a manifest in it, such as model.yaml",)


def test_a_refusal_is_the_user_s_mistake(file: Path) -> None:
    assert isinstance(refusal(file), UserError)
    assert refusal(file).exit_status == 2
