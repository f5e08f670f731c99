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
    _compiled._jit_pass_erase_shape_information,  # sizes of the example, and layouts that cannot be read back
    _compiled._jit_pass_dce,
    _compiled._jit_pass_cse,
    _compiled._jit_pass_constant_pooling,
    _compiled._jit_pass_dce,
)


class Unreadable(ValueError):
    """A text that is no graph, or one that this version of PyTorch cannot read."""


def graph_text(recorded: Any) -> str:  # noqa: ANN401 - torch.jit's functions have no type
    """The graph of a recorded function in PyTorch's own notation: no dead code, every value computed once.

    The same function gives the same text in every process.
    """
    graph = recorded.inlined_graph
    for clean in _CLEANING:
        clean(graph)
    _write_numbers(graph)
    text: str = graph.str(False)
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


def function_of(text: str) -> Function:
    """A function that runs a graph, from `graph_text`.

    Raises:
        Unreadable: it is not one, or holds what has no notation, such as a constant tensor. That its operations are
            there is seen when it runs.
    """
    try:
        function: Function = _compiled._create_function_from_graph("recorded", _compiled.parse_ir(text))
    except RuntimeError as error:
        raise Unreadable(str(error)) from error
    return function
