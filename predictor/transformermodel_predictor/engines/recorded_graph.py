"""A graph that torch.jit recorded, as text, and a function of such a text.

The text has no weights and says nothing of the Python that was recorded; what torch.jit keeps of that beside a graph,
for its error messages, takes as much memory as a small model's tokenizer. Graphs are written and read by functions of
PyTorch that it does not document, so whoever reads a text must be able to do without.
"""

from collections.abc import Callable
from typing import Any

import torch

Function = Callable[..., tuple[torch.Tensor, ...]]

_compiled: Any = torch._C  # it has no types
_CLEANING = (
    "erase_shape_information",  # sizes of the example, and layouts that cannot be read back
    "dce",
    "cse",
    "constant_pooling",
    "dce",
)
"""Passes of PyTorch, in their order."""


class Unreadable(ValueError):
    """A text that is no graph, or that this version of PyTorch cannot write or read."""


def graph_text(recorded: Any) -> str:  # noqa: ANN401 - torch.jit's functions have no type
    """The graph of a recorded function in PyTorch's own notation: no dead code, every value computed once.

    The same function gives the same text in every process.

    Raises:
        Unreadable: this version of PyTorch has no such functions.
    """
    try:
        graph = recorded.inlined_graph
        for name in _CLEANING:
            getattr(_compiled, f"_jit_pass_{name}")(graph)
        _write_numbers(graph)
        text: str = graph.str(False)
    except AttributeError as error:
        raise Unreadable(str(error)) from error
    return text


def _write_numbers(graph: Any) -> None:  # noqa: ANN401 - no types
    """Have numbers of Python be numbers again: they are recorded as tensors, whose text is rounded."""
    for node in list(graph.nodes()):
        if node.kind() != "prim::Constant" or not node.hasAttribute("value"):
            continue
        if node.kindOf("value") != "t" or node.t("value").dim() > 0:
            continue
        graph.setInsertPoint(node)
        node.output().replaceAllUsesWith(graph.insertConstant(node.t("value").item()))
        node.destroy()


def operations_of(text: str) -> frozenset[str]:
    """Names of the operations of a graph with their namespaces, such as `aten::add`.

    Raises:
        Unreadable: as `function_of`.
    """
    return frozenset(node.kind() for node in _graph(text).nodes())


def function_of(text: str) -> Function:
    """A function that runs a graph, from `graph_text`.

    Raises:
        Unreadable: it is not one, or holds what has no notation, such as a constant tensor. That its operations are
            there is seen when it runs.
    """
    graph = _graph(text)
    try:
        function: Function = _compiled._create_function_from_graph("recorded", graph)
    except (AttributeError, RuntimeError) as error:
        raise Unreadable(str(error)) from error
    return function


def _graph(text: str) -> Any:  # noqa: ANN401 - no types
    try:
        return _compiled.parse_ir(text)
    except (AttributeError, RuntimeError) as error:
        raise Unreadable(str(error)) from error
