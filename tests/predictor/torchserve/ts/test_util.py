import json
import logging
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from transformermodel_predictor.torchserve.testing import handlers_can_import

with handlers_can_import():
    from ts import service
    from ts.handler_utils import utils
    from ts.utils import timeit_decorator, util


@pytest.mark.parametrize(
    ("content", "labels"),
    [
        ({"0": "no", "1": "yes"}, {"0": "no", "1": "yes"}),
        ({"0": ["n1", "no"]}, {"0": "no"}),
        ({"object_type_names": ["no", "yes"]}, {"0": "no", "1": "yes"}),
        ({"label_list": "[O, B]"}, {"label_list": "[O, B]"}),
    ],
)
def test_labels_have_several_forms(tmp_path: Path, content: Any, labels: dict[str, str]) -> None:
    (tmp_path / "index_to_name.json").write_text(json.dumps(content))
    assert util.load_label_mapping(str(tmp_path / "index_to_name.json")) == labels


@pytest.mark.parametrize("content", [["no", "yes"], {"0": 3}, {"0": []}])
def test_what_are_no_labels_is_refused_with_the_files_name(tmp_path: Path, content: Any) -> None:
    (tmp_path / "index_to_name.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match=r"index_to_name\.json"):
        util.load_label_mapping(tmp_path / "index_to_name.json")


def test_a_model_may_have_no_labels(tmp_path: Path) -> None:
    assert util.load_label_mapping(tmp_path / "index_to_name.json") is None


def test_classes_are_named_by_label_or_by_index() -> None:
    rows = [[0.75, 0.25]]
    assert util.map_class_to_label(rows) == [{"0": 0.75, "1": 0.25}]
    assert util.map_class_to_label(rows, {"0": "no"}) == [{"no": 0.75, "1": 0.25}]
    assert util.map_class_to_label(rows, {"7": "seven"}, [[7, 3]]) == [{"seven": 0.75, "3": 0.25}]


def test_a_handler_may_choose_its_status() -> None:
    error = util.PredictionException("no such thing", 404)
    assert (error.message, error.error_code, str(error)) == ("no such thing", 404, "no such thing : 404")
    assert util.PredictionException("broken").error_code == 500
    assert service.PredictionException is util.PredictionException


def test_a_modules_own_classes_are_found() -> None:
    module = ModuleType("own")
    own = [type(name, (base,), {"__module__": "own"}) for name, base in (("Beta", dict), ("Alpha", object))]
    vars(module).update({each.__name__: each for each in (*own, Path)})
    assert [each.__name__ for each in util.list_classes_from_module(module)] == ["Alpha", "Beta"]
    assert [each.__name__ for each in util.list_classes_from_module(module, dict)] == ["Beta"]


@pytest.mark.parametrize("import_class", [util.import_class, utils.import_class])
def test_classes_are_found_by_name(import_class: Any) -> None:
    assert import_class("pathlib.Path") is Path
    assert import_class("Path", "pathlib") is Path
    for name, said in (("Path", "give it as module.Class"), ("pathlib.os", "has no class os"), ("lost.A", "lost")):
        with pytest.raises(ImportError, match=said):
            import_class(name)


def test_backends_of_torch_compile_are_known(caplog: pytest.LogCaptureFixture) -> None:
    assert util.check_valid_pt2_backend("inductor")
    assert util.PT2Backend.INDUCTOR == "inductor"
    with caplog.at_level(logging.WARNING):
        assert not util.check_valid_pt2_backend("unheard-of")
    assert "unheard-of is no backend" in caplog.text


@pytest.mark.parametrize(
    ("content", "backend"), [('{"pt2": "inductor"}', "inductor"), ('{"pt2": "x"}', None), ("{}", None)]
)
def test_the_older_file_names_a_backend(tmp_path: Path, content: str, backend: str | None) -> None:
    (tmp_path / "compile.json").write_text(content)
    assert util.load_compiler_config(tmp_path / "compile.json") == backend
    assert util.load_compiler_config(tmp_path / "lost.json") is None


def test_yaml_is_read(tmp_path: Path) -> None:
    (tmp_path / "model-config.yaml").write_text("handler: {mode: a}\n")
    assert util.get_yaml_config(str(tmp_path / "model-config.yaml")) == {"handler": {"mode": "a"}}


def test_html_is_found() -> None:
    assert util.CLEANUP_REGEX.sub("", "<p class='x'>a&nbsp;b&#12;c</p>") == "abc"


def test_a_deprecated_function_still_works() -> None:
    @util.deprecated(1.0, "another")
    def old() -> int:
        return 3

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert old() == 3
    assert "old is deprecated since 1.0: use another" in str(caught[0].message)


def test_a_functions_time_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    @timeit_decorator.timeit
    def work() -> int:
        return 3

    with caplog.at_level(logging.INFO):
        assert work() == 3
    assert "work took" in caplog.text
