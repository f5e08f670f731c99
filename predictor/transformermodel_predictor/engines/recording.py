"""A model's forward pass, recorded once and run without Python between its operations."""

import threading
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn

from transformermodel_predictor.engines.quantization import packed_parameters
from transformermodel_predictor.engines.recorded_graph import Function, Unreadable, function_of, graph_text
from transformermodel_predictor.pretrained import one_line

Pass = Callable[..., tuple[torch.Tensor, ...]]
"""A pass that takes only tensors, always the same number of them."""

_jit: Any = torch.jit  # untyped
_recording = threading.Lock()
"""Held while a pass is recorded, as torch.jit can trace only one at a time per process."""


class NotRecordable(Exception):
    """A pass does more than a recording of its operations can; the message says what."""


class RecordedPass:
    """A recorded pass. May run in several threads at once.

    Args:
        function: takes the pass's arguments, then the weights.
        weights: the model's, in the order of `weights_of`; none if the function holds them.
        graph: text that the function was made from; None if there is none.
    """

    def __init__(self, function: Function, weights: Sequence[torch.Tensor] = (), graph: str | None = None) -> None:
        self.graph = graph
        self._function = function
        self._weights = tuple(weights)

    @classmethod
    def of_text(cls, model: nn.Module, graph: str) -> "RecordedPass":
        """The pass of a model, from the `graph` recorded of a model like it.

        Raises:
            Unreadable: the text is not a graph.
        """
        return cls(function_of(graph), weights_of(model), graph)

    def __call__(self, *given: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Like the recorded pass, for tensors of any size."""
        with _jit.optimized_execution(False):  # else the first passes are profiled, and the next waits for a compiler
            return self._function(*given, *self._weights)


def weights_of(model: nn.Module) -> tuple[torch.Tensor, ...]:
    """Parameters and buffers, each once, in the model's order."""
    return tuple(dict.fromkeys([*model.parameters(), *model.buffers()]))


@torch.inference_mode()
def record_pass(
    model: nn.Module, run: Pass, given: Sequence[torch.Tensor], trusted: tuple[str, ...] = ()
) -> RecordedPass:
    """Record a pass. The caller must check that the recording is right for other sizes.

    Args:
        model: owns the weights; must not change any more.
        run: the pass.
        given: example arguments, of sizes that differ from each other.
        trusted: path prefixes of files in which torch.jit's warnings are harmless.

    Raises:
        NotRecordable: the computation depends on values in tensors, or fails during recording.
    """
    try:
        with _recording, warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            recorded = _recorded_module(model, run, given) if packed_parameters(model) else _recorded(model, run, given)
    except Exception as error:  # each model fails in its own way
        raise NotRecordable(f"it fails while it is recorded ({one_line(error)})") from error
    _require_no_warning(warned, (torch.nn.functional.__file__, *trusted))
    return recorded


def _recorded(model: nn.Module, run: Pass, given: Sequence[torch.Tensor]) -> RecordedPass:
    """Record a function of arguments and weights, from its text if it has one: what is stored is what was tried."""
    weights = weights_of(model)
    function = _jit.trace(lambda *both: run(*both[: len(given)]), (*given, *weights), check_trace=False)
    try:
        recorded = RecordedPass.of_text(model, graph_text(function))
        recorded(*given)
    except (Unreadable, RuntimeError):
        return RecordedPass(function, weights)
    return recorded


def _recorded_module(model: nn.Module, run: Pass, given: Sequence[torch.Tensor]) -> RecordedPass:
    """Record a function that holds the weights: 8-bit ones are not tensors, so they cannot be arguments."""
    return RecordedPass(_jit.trace(_Module(model, run), tuple(given), check_trace=False))


class _Module(nn.Module):
    """A pass as a module, for torch.jit to trace.

    It holds the model's weights, 8-bit ones in their packed parameters, but not the model's modules: torch.jit would
    create a module of its own for each.
    """

    def __init__(self, model: nn.Module, run: Pass) -> None:
        super().__init__()
        for number, weight in enumerate(weights_of(model)):
            self.register_buffer(f"weight_{number}", weight)
        self.quantized = nn.ModuleList(packed_parameters(model))
        self._run = [run]  # in a list, as a module would otherwise be registered as a submodule

    def forward(self, *given: torch.Tensor) -> tuple[torch.Tensor, ...]:
        (run,) = self._run
        return run(*given)


def _require_no_warning(warned: Sequence[warnings.WarningMessage], trusted: tuple[str, ...]) -> None:
    """Refuse what torch.jit warns of, such as a branch on a value in a tensor, which a recording fixes for good.

    Warnings in torch's own functions are harmless: they only compare shapes of weights.
    """
    for each in warned:
        if issubclass(each.category, _jit.TracerWarning) and not each.filename.startswith(trusted):
            raise NotRecordable(one_line(Exception(each.message)))
