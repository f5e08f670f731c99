"""A graph traced by torch.jit as text, and such a text as a function.

The text has no weights and no trace of the Python source: what torch.jit keeps of that beside a graph, for its error
messages, takes as much memory as a small model's tokenizer. Graphs are written and read by undocumented functions of
PyTorch, so callers must be able to do without.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch

Function = Callable[..., tuple[torch.Tensor, ...]]

_compiled: Any = torch._C  # untyped
_CLEANING = (
    "erase_shape_information",  # sizes of the example inputs, and layouts that cannot be parsed
    "dce",
    "cse",
    "constant_propagation_immutable_types",  # removes branches that these arguments never take
    "constant_pooling",
    "dce",
)
"""PyTorch's graph passes, in order."""


_SOURCE = re.compile(r" # [^\n]*:\d+:\d+$", re.MULTILINE)
"""Where an operation inside a loop or condition comes from; PyTorch writes it for those even when it is not to."""


class Unreadable(ValueError):
    """A text that is not a graph, or a graph that this version of PyTorch cannot write or read."""


def graph_text(recorded: Any) -> str:  # noqa: ANN401 - torch.jit's functions are untyped
    """The graph of a traced function in PyTorch's own notation: no dead code, every value computed once.

    The same function yields the same text in every process.

    Raises:
        Unreadable: this version of PyTorch lacks the functions for that.
    """
    try:
        graph = recorded.inlined_graph
        for name in _CLEANING:
            getattr(_compiled, f"_jit_pass_{name}")(graph)
        _write_numbers(graph)
        text = _SOURCE.sub("", graph.str(False))
    except AttributeError as error:
        raise Unreadable(str(error)) from error
    return text


def _write_numbers(graph: Any) -> None:  # noqa: ANN401 - untyped
    """Turn constant scalar tensors back into the Python numbers they were: the text of tensors is rounded."""
    for node in list(graph.nodes()):
        if node.kind() != "prim::Constant" or not node.hasAttribute("value"):
            continue
        if node.kindOf("value") != "t" or node.t("value").dim() > 0:
            continue
        graph.setInsertPoint(node)
        node.output().replaceAllUsesWith(graph.insertConstant(node.t("value").item()))
        node.destroy()


def operations_of(text: str) -> frozenset[str]:
    """Names of a graph's operations with their namespaces, such as `aten::add`.

    Raises:
        Unreadable: as `function_of`.
    """
    return frozenset(node.kind() for node in _all_nodes(_graph(text).nodes()))


def _all_nodes(nodes: Iterable[Any]) -> Iterator[Any]:
    """Nodes with those of their blocks: the bodies of loops and conditions."""
    for node in nodes:
        yield node
        for block in node.blocks():
            yield from _all_nodes(block.nodes())


def function_of(text: str) -> Function:
    """A function that runs the graph in a text from `graph_text`.

    Raises:
        Unreadable: it is not a graph, or has something without notation, such as a constant tensor. Missing operations
            only show when it runs.
    """
    graph = _graph(text)
    try:
        function: Function = _compiled._create_function_from_graph("recorded", graph)
    except (AttributeError, RuntimeError) as error:
        raise Unreadable(str(error)) from error
    return function


def _graph(text: str) -> Any:  # noqa: ANN401 - untyped
    try:
        return _compiled.parse_ir(text)
    except (AttributeError, RuntimeError) as error:
        raise Unreadable(str(error)) from error
