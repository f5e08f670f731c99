"""What a pass of a model does, recorded once and run without Python between its operations."""

import threading
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn
from torch.ao.nn.quantized.modules.linear import LinearPackedParams

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
        module: what torch.jit has recorded.
    """

    def __init__(self, module: Any) -> None:  # noqa: ANN401 - no types
        self._module = module

    def __call__(self, *given: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """As the pass that was recorded, for tensors of any sizes."""
        with _jit.optimized_execution(False):  # else the first passes are watched, and the next waits for a compiler
            outputs: tuple[torch.Tensor, ...] = self._module(*given)
        return outputs


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
            module = _jit.trace(_Module(model, run), tuple(given), check_trace=False)
    except Exception as error:  # each model fails in its own way
        raise NotRecordable(f"it fails while it is recorded ({one_line(error)})") from error
    _require_no_doubt(warned, (torch.nn.functional.__file__, *undoubted))
    return RecordedPass(module)


class _Module(nn.Module):
    """A pass as a module, for torch.jit to record.

    It holds the model's weights, those in 8 bit in what they are packed in, and not its modules, for each of which
    torch.jit would make one of its own.
    """

    def __init__(self, model: nn.Module, run: Pass) -> None:
        super().__init__()
        for number, weight in enumerate({*model.parameters(), *model.buffers()}):
            self.register_buffer(f"weight_{number}", weight)
        self.quantized = nn.ModuleList(part for part in model.modules() if isinstance(part, LinearPackedParams))
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
