"""What a pass of a model does, recorded once and run without Python between its operations."""

import threading
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn
from torch.ao.nn.quantized.modules.linear import LinearPackedParams

from transformermodel_predictor.engines.recorded_graph import Function, Unreadable, function_of, graph_text
from transformermodel_predictor.pretrained import one_line

Pass = Callable[..., tuple[torch.Tensor, ...]]
"""A pass that takes tensors alone, always as many."""

_jit: Any = torch.jit  # it has no types
_recording = threading.Lock()
"""Held while a pass is recorded, as torch.jit can record but one at a time in a process."""


class NotRecordable(Exception):
    """A pass does more than its operations say; the text says what."""


class RecordedPass:
    """A pass that was recorded. May run in several threads at once.

    Args:
        function: takes what the pass takes, and then the weights.
        weights: of the model, as `weights_of` orders them; none where the function holds them.
        graph: text of which the function was made; None where there is none.
    """

    def __init__(self, function: Function, weights: Sequence[torch.Tensor] = (), graph: str | None = None) -> None:
        self.graph = graph
        self._function = function
        self._weights = tuple(weights)

    @classmethod
    def of_text(cls, model: nn.Module, graph: str) -> "RecordedPass":
        """The pass of a model, from the `graph` of one that was recorded of its like.

        Raises:
            Unreadable: the text is no graph.
        """
        return cls(function_of(graph), weights_of(model), graph)

    def __call__(self, *given: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """As the pass that was recorded, for tensors of any sizes."""
        with _jit.optimized_execution(False):  # else the first passes are watched, and the next waits for a compiler
            return self._function(*given, *self._weights)


def weights_of(model: nn.Module) -> tuple[torch.Tensor, ...]:
    """Parameters and buffers, each once, in the order in which the model holds them."""
    return tuple(dict.fromkeys([*model.parameters(), *model.buffers()]))


@torch.inference_mode()
def record_pass(
    model: nn.Module, run: Pass, given: Sequence[torch.Tensor], undoubted: tuple[str, ...] = ()
) -> RecordedPass:
    """Record a pass. Whether it gives the same for other sizes is for the caller to try.

    Args:
        model: whose weights it uses; it must not be changed any more.
        run: the pass.
        given: what it is recorded with, of sizes that differ from each other.
        undoubted: beginnings of the files where torch.jit's doubts mean nothing.

    Raises:
        NotRecordable: what is computed depends on numbers in tensors, or it fails while it is recorded.
    """
    try:
        with _recording, warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            recorded = _recorded_module(model, run, given) if _quantized(model) else _recorded(model, run, given)
    except Exception as error:  # each model fails in its own way
        raise NotRecordable(f"it fails while it is recorded ({one_line(error)})") from error
    _require_no_doubt(warned, (torch.nn.functional.__file__, *undoubted))
    return recorded


def _recorded(model: nn.Module, run: Pass, given: Sequence[torch.Tensor]) -> RecordedPass:
    """A function of what is given and the weights, from its text where it has one: what is stored is what was tried."""
    weights = weights_of(model)
    function = _jit.trace(lambda *both: run(*both[: len(given)]), (*given, *weights), check_trace=False)
    try:
        recorded = RecordedPass.of_text(model, graph_text(function))
        recorded(*given)
    except (Unreadable, RuntimeError):
        return RecordedPass(function, weights)
    return recorded


def _recorded_module(model: nn.Module, run: Pass, given: Sequence[torch.Tensor]) -> RecordedPass:
    """A function that holds the weights: those in 8 bit are no tensors, and torch.jit is given nothing else."""
    return RecordedPass(_jit.trace(_Module(model, run), tuple(given), check_trace=False))


def _quantized(model: nn.Module) -> list[nn.Module]:
    return [part for part in model.modules() if isinstance(part, LinearPackedParams)]


class _Module(nn.Module):
    """A pass as a module, for torch.jit to record.

    It holds the model's weights, those in 8 bit in what they are packed in, and not its modules, for each of which
    torch.jit would make one of its own.
    """

    def __init__(self, model: nn.Module, run: Pass) -> None:
        super().__init__()
        for number, weight in enumerate(weights_of(model)):
            self.register_buffer(f"weight_{number}", weight)
        self.quantized = nn.ModuleList(_quantized(model))
        self._run = [run]  # not as an attribute of its own, which would be a part where it is a module

    def forward(self, *given: torch.Tensor) -> tuple[torch.Tensor, ...]:
        (run,) = self._run
        return run(*given)


def _require_no_doubt(warned: Sequence[warnings.WarningMessage], undoubted: tuple[str, ...]) -> None:
    """Refuse what torch.jit doubts, such as a choice by a number in a tensor, which a recording has made for good.

    In torch's own functions nothing is meant by it: shapes of weights are compared there.
    """
    for each in warned:
        if issubclass(each.category, _jit.TracerWarning) and not each.filename.startswith(undoubted):
            raise NotRecordable(one_line(Exception(each.message)))
