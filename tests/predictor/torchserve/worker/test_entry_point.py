import textwrap
from types import ModuleType
from typing import Any

import pytest

from transformermodel_predictor.torchserve.worker.entry_point import find_entry_point
from transformermodel_predictor.torchserve.worker.failure import NotLoadable
from transformermodel_predictor.torchserve.worker.handler_module import HandlerName


def module(source: str) -> ModuleType:
    made = ModuleType("handler")
    exec(textwrap.dedent(source), vars(made))  # noqa: S102 - a handler of ours
    return made


def answer(source: str, handler: str = "handler.py") -> Any:
    """What the entry point that is found answers, after it was initialized."""
    entry_point = find_entry_point(module(source), HandlerName.parse(handler))
    entry_point.initialize("context")
    return entry_point.handle(["row"], "context")


@pytest.mark.parametrize(
    ("text", "path", "attribute"),
    [
        ("handler", "handler", None),
        ("handler.py", "handler", None),
        ("handler:serve", "handler", "serve"),
        ("handler.py:Handler", "handler", "Handler"),
        ("code/handler.py:serve", "code/handler", "serve"),
        ("image_classifier", "image_classifier", None),
    ],
)
def test_the_forms_in_which_manifests_name_handlers(text: str, path: str, attribute: str | None) -> None:
    assert HandlerName.parse(text) == HandlerName(path, attribute)


def test_a_function_is_called_without_rows_first() -> None:
    source = """
        calls = []

        def serve(data, context):
            calls.append((data, context))
            return calls
    """
    assert answer(source, "handler:serve") == [(None, "context"), (["row"], "context")]


def test_the_function_handle_needs_no_name() -> None:
    assert answer("def handle(data, context): return data") == ["row"]


CLASSES = """
    class Data: ...

    class First:
        def initialize(self, context): self.context = context
        def handle(self, data, context): return ["first", self.context]

    class Second(First):
        def handle(self, data, context): return ["second", self.context]
"""


def test_a_class_is_initialized_once_and_asked_then() -> None:
    source = "class Data: ...\nclass Only:\n" + "\n".join(
        [
            " def initialize(self, context): self.given = context",
            " def handle(self, data, context): return [data, self.given]",
        ]
    )
    assert answer(source) == [["row"], "context"]


def test_of_several_classes_the_first_in_the_source_that_can_handle_is_taken() -> None:
    assert answer(CLASSES) == ["first", "context"]


def test_of_several_classes_the_named_one_is_taken() -> None:
    assert answer(CLASSES, "handler.py:Second") == ["second", "context"]


def test_a_class_that_was_imported_is_taken_only_where_there_is_no_other() -> None:
    foreign = type(
        "Foreign", (), {"__module__": "elsewhere", "handle": lambda self, data, context: "foreign", "initialize": print}
    )
    importing = module("")
    importing.Foreign = foreign  # type: ignore[attr-defined]
    assert find_entry_point(importing, HandlerName.parse("handler")).handle([], None) == "foreign"
    exec(textwrap.dedent(CLASSES), vars(importing))  # noqa: S102 - a handler of ours
    assert find_entry_point(importing, HandlerName.parse("handler")).handle.__self__.__class__.__name__ == "First"  # type: ignore[attr-defined]


def test_abstract_classes_cannot_handle() -> None:
    source = """
        from abc import ABC, abstractmethod

        class Template(ABC):
            def initialize(self, context): ...
            def handle(self, data, context): return self.answer()
            @abstractmethod
            def answer(self): ...

        class Real(Template):
            def answer(self): return ["real"]
    """
    assert answer(source) == ["real"]


def test_a_class_without_its_bases_init_can_handle() -> None:
    source = """
        class Base:
            def __init__(self): self.ready = True
            def initialize(self, context): ...
            def handle(self, data, context): return data

        class Handler(Base):
            def __init__(self): ...
    """
    assert answer(source, "handler:Handler") == ["row"]


def test_the_only_class_is_taken_though_a_function_is_named_that_is_not_there() -> None:
    only = "class Only:\n def initialize(self, context): ...\n def handle(self, data, context): return ['only']"
    assert answer(only, "handler:predict") == ["only"]


@pytest.mark.parametrize(
    ("source", "handler", "problem"),
    [
        ("x = 1", "handler.py", "neither a function handle nor a class with the methods initialize and handle"),
        ("class Model: ...", "handler.py", "handler.py has nothing that can handle"),
        ("class Model: ...", "handler.py:Model", "the class Model of handler.py has no method handle"),
        ("def handle(data, context): ...", "handler:serve", "handler.py has neither a function nor a class serve"),
    ],
)
def test_a_module_without_anything_that_can_handle_is_refused(source: str, handler: str, problem: str) -> None:
    with pytest.raises(NotLoadable, match=problem):
        answer(source, handler)
