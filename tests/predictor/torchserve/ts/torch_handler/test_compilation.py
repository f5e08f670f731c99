import copy
import logging
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.predictor.torchserve.ts.archives import ask, context_of
from tests.predictor.torchserve.ts.torch_handler.models import ANSWERS, ROWS, scaled, write_eager, write_torchscript
from transformermodel_predictor.torchserve.testing import handlers_can_import

with handlers_can_import():
    from ts.torch_handler.base_handler import BaseHandler
    from ts.torch_handler.compilation import compile_options, compiled, exports_ahead_of_time, original


@pytest.mark.parametrize(
    ("pt2", "options"),
    [
        (None, None),
        ({}, None),
        ("inductor", {"backend": "inductor"}),
        ({"backend": "eager", "mode": "default"}, {"backend": "eager", "mode": "default"}),
        ({"compile": {"enable": True, "backend": "eager"}}, {"backend": "eager"}),
        ({"compile": {"backend": "eager"}}, {"backend": "eager"}),
        ({"compile": {"enable": True}}, {}),
        ({"compile": {"enable": False, "backend": "eager"}}, None),
        ({"export": {"aot_compile": True}}, None),
    ],
)
def test_what_the_configuration_says_in_all_its_forms(pt2: Any, options: dict[str, Any] | None) -> None:
    given = copy.deepcopy(pt2)
    assert compile_options(given) == options
    assert given == pt2


@pytest.mark.parametrize(
    ("pt2", "exports"),
    [
        ("inductor", False),
        ({"export": {"aot_compile": True}}, True),
        ({"export": {}}, False),
        ({"export": None}, False),
    ],
)
def test_whether_a_library_may_be_loaded(pt2: Any, exports: bool) -> None:
    assert exports_ahead_of_time(pt2) is exports


def test_a_model_is_compiled_however_often_it_is_loaded_from_one_configuration(tmp_path: Path) -> None:
    files = write_eager(tmp_path)
    context = context_of(tmp_path, configuration={"pt2": {"compile": {"enable": True, "backend": "eager"}}}, **files)
    for _ in range(2):
        handler = BaseHandler()
        handler.initialize(context)
        assert handler.model is not original(handler.model)
        assert ask(handler, context, ROWS) == ANSWERS
    assert context.model_yaml_config == {"pt2": {"compile": {"enable": True, "backend": "eager"}}}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"backend": "unheard-of"}, "unheard-of is no backend"),
        ({"backend": "openvino"}, "served without torch.compile, which failed: No module named 'openvino'"),
        ({"backend": "eager", "unheard_of": 1}, "served without torch.compile, which failed"),
    ],
)
def test_a_model_that_cannot_be_compiled_is_served_as_it_is(
    caplog: pytest.LogCaptureFixture, options: dict[str, Any], told: str
) -> None:
    model = scaled()
    with caplog.at_level(logging.WARNING):
        assert compiled(model, options) is model
    assert told in caplog.text


def test_torchscript_is_compiled_already(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    configuration = {"pt2": {"compile": {"enable": True}}}
    handler = BaseHandler()
    with caplog.at_level(logging.WARNING):
        handler.initialize(context_of(tmp_path, configuration=configuration, **write_torchscript(tmp_path)))
    assert isinstance(handler.model, torch.jit.ScriptModule)
    assert "is compiled already" in caplog.text
    assert ask(handler, handler.context, ROWS) == ANSWERS
