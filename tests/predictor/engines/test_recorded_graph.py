"""The text of a graph is enough to run it, and the same in every process."""

from typing import Any

import pytest
import torch

from transformermodel_predictor.engines.recorded_graph import Unreadable, function_of, graph_text, operations_of

GIVEN = (torch.arange(6.0).reshape(2, 3), torch.ones(3))
_jit: Any = torch.jit


def scaled(rows: torch.Tensor, weights: torch.Tensor) -> tuple[torch.Tensor, ...]:
    _ = rows.exp()
    return rows * weights + rows.sum(1, keepdim=True), rows * weights


@_jit.script  # type: ignore[untyped-decorator]
def summed(rows: torch.Tensor, sizes: torch.Tensor) -> torch.Tensor:
    lengths: list[int] = sizes.tolist()
    total, start = torch.zeros(3), 0
    for length in lengths:
        if length > 0:
            total = total + rows.narrow(0, start, length).sum(0)
        start += length
    return total


def recorded() -> Any:
    return _jit.trace(scaled, GIVEN, check_trace=False)


def test_a_text_gives_what_was_recorded_for_tensors_of_any_sizes() -> None:
    function = function_of(graph_text(recorded()))
    for rows in (GIVEN[0], torch.ones(5, 3)):
        for found, expected in zip(function(rows, GIVEN[1]), scaled(rows, GIVEN[1]), strict=True):
            assert found.equal(expected)


def test_what_is_never_used_is_gone_and_what_is_computed_twice_is_computed_once() -> None:
    text = graph_text(recorded())
    assert "aten::exp" not in text
    assert text.count("aten::mul") == 1


def test_it_says_nothing_of_files_and_is_the_same_each_time() -> None:
    text = graph_text(recorded())
    assert ".py" not in text
    assert graph_text(recorded()) == text


def test_a_constant_tensor_has_no_text() -> None:
    constant = torch.tensor([1.0, 2.0, 3.0])
    with pytest.raises(Unreadable):
        function_of(graph_text(_jit.trace(lambda rows: rows + constant, GIVEN[:1], check_trace=False)))


def test_loops_and_conditions_are_part_of_it() -> None:
    text = graph_text(
        _jit.trace(lambda rows, sizes: (summed(rows, sizes),), (GIVEN[0], torch.tensor([2])), check_trace=False)
    )
    function = function_of(text)
    for sizes in ([1, 1], [2], [0, 1, 1]):
        assert function(GIVEN[0], torch.tensor(sizes))[0].equal(GIVEN[0].sum(0))
    assert ".py" not in text
    assert operations_of(text) >= {"prim::Loop", "prim::If", "aten::narrow"}


def test_its_operations_are_known_without_running_it() -> None:
    assert operations_of(graph_text(recorded())) >= {"aten::mul", "aten::sum", "aten::add", "prim::Constant"}


def test_numbers_are_as_exact_as_in_the_function() -> None:
    def precise(rows: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return (0.7978845608028654 * rows**2 / 3 - 1e-12,)

    function = function_of(graph_text(_jit.trace(precise, GIVEN[:1], check_trace=False)))
    rows = torch.rand(100, dtype=torch.float64)
    assert function(rows)[0].equal(precise(rows)[0])


def test_a_version_of_pytorch_without_such_functions_is_told_from_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    text = graph_text(recorded())
    monkeypatch.delattr(torch._C, "_jit_pass_cse")
    monkeypatch.delattr(torch._C, "parse_ir")
    with pytest.raises(Unreadable, match="_jit_pass_cse"):
        graph_text(recorded())
    with pytest.raises(Unreadable, match="parse_ir"):
        function_of(text)


@pytest.mark.parametrize("text", ["", "no graph", "graph(%a : Tensor):\n  return (%b)"])
def test_what_is_no_graph_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        function_of(text)
