"""What can be told of a handler's file without running it."""

import pytest

from transformermodel_predictor.torchserve.handler_source import handler_problem

WITH_A_CLASS = "class Handler:\n    def handle(self, data, context): ...\n"


@pytest.mark.parametrize(
    ("source", "named"),
    [
        ("def handle(data, context): ...", None),
        ("async def handle(data, context): ...", None),
        ("def run(data, context): ...", "run"),
        ("if True:\n    def run(data, context): ...", "run"),
        ("run = lambda data, context: data", "run"),
        ("from beside import run", "run"),
        ("import beside as run", "run"),
        ("def make():\n    global run\n    run = print", "run"),
        (WITH_A_CLASS, None),
        (WITH_A_CLASS, "Handler"),
        (WITH_A_CLASS, "handle"),  # TorchServe takes the only class whatever is named
        (f"{WITH_A_CLASS}class Settings: ...\n", "handle"),
        ("from ts.torch_handler.base_handler import BaseHandler\nclass Handler(BaseHandler): ...", None),
        ("import beside\nclass Handler(beside.Base): ...", None),
        (f"class Mixin:\n    x = 1\n{WITH_A_CLASS}class Mine(Mixin, Handler): ...\n", None),
        ("class Handler(metaclass=Made): ...", None),
        ("@made\nclass Handler: ...", None),
        ("from beside import Handler", None),
        ("Handler = made()", None),
        ("from beside import *", "run"),
        ("def __getattr__(name): ...", "run"),
        ("globals()['run'] = print", "run"),
        ("class Handler: ...\nHandler.handle = print", None),
        ("print 'this is another Python'", None),
    ],
)
def test_what_may_be_called_is_no_problem(source: str, named: str | None) -> None:
    assert handler_problem(source.encode(), named) is None


@pytest.mark.parametrize(
    ("source", "named", "problem"),
    [
        ("", "run", "defines no run, nor anything else to be called"),
        ("def runs(data, context): ...\ndef _own(): ...", "run", "defines no run: there is runs"),
        (f"{WITH_A_CLASS}class Other(Handler): ...\n", "run", "defines no run: there is Handler, Other"),
        ("class Handler:\n    def run(self): ...", "run", "defines no run: there is Handler"),
        ("def make():\n    def run(): ...", "run", "defines no run: there is make"),
    ],
)
def test_a_name_that_the_file_does_not_define_is_told_with_those_that_it_does(
    source: str, named: str, problem: str
) -> None:
    assert handler_problem(source.encode(), named) == problem


@pytest.mark.parametrize(
    "source",
    [
        "",
        "def run(data, context): ...",
        "import logging\nlogger = logging.getLogger(__name__)\nLIMIT = 3",
        "class Handler:\n    def initialize(self, context): ...",
        "import torch\nclass Net(torch.nn.Module): ...",
        "from torch import nn\nfrom transformers import AutoModel\nclass Net(nn.Module):\n    def handles(self): ...",
        "from ts.torch_handler.base_handler import BaseHandler",
        "class A(B): ...\nclass B(A): ...",
    ],
)
def test_a_file_with_nothing_to_call_is_told(source: str) -> None:
    assert handler_problem(source.encode(), None) == (
        "has neither a function handle nor a class with one: name what is to be called, as FILE:NAME"
    )
