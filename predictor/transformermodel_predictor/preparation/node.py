"""Capabilities of the machine that prepares a model, as far as Auto's choice depends on them."""

from dataclasses import dataclass, replace
from pathlib import Path

from transformermodel_predictor.preparation.memory import free_bytes

_CPU_INFO = Path("/proc/cpuinfo")
_BFLOAT16_FLAGS = frozenset({"amx_bf16", "avx512_bf16", "bf16"})
"""The kernel's names of instruction sets that multiply bfloat16: Intel's and AMD's, and Arm's."""


@dataclass(frozen=True)
class Node:
    """Facts about a machine.

    Attributes:
        cpu_flags: the kernel's names of the processor's instruction sets, such as `amx_bf16`.
        accelerators: names of the devices besides the CPU.
        free_bytes: free memory; None if unknown.
    """

    cpu_flags: frozenset[str] = frozenset()
    accelerators: tuple[str, ...] = ()
    free_bytes: int | None = None

    def running_on(self, kind: str, free_bytes: int | None) -> "Node":
        """The same machine, restricted to one kind of its devices.

        Args:
            kind: PyTorch's name of the devices, such as `cuda`.
            free_bytes: free memory of the device; None if unknown.
        """
        known = [amount for amount in (self.free_bytes, free_bytes) if amount is not None]
        accelerators = () if kind == "cpu" else self.accelerators or (kind,)
        return replace(self, accelerators=accelerators, free_bytes=min(known, default=None))

    @property
    def computes_bfloat16(self) -> bool:
        """Whether the hardware computes in bfloat16, rather than only storing it."""
        return bool(self.accelerators or self.cpu_flags & _BFLOAT16_FLAGS)


def this_node() -> Node:
    """The machine that this runs on."""
    import torch  # slow to import, and loaded already where a preparation runs

    return Node(
        cpu_flags=cpu_flags(_CPU_INFO.read_text("utf-8", "replace")) if _CPU_INFO.is_file() else frozenset(),
        accelerators=tuple(torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())),
        free_bytes=free_bytes(),
    )


def cpu_flags(text: str) -> frozenset[str]:
    """The flags of the first processor in /proc/cpuinfo."""
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if name.strip() in ("flags", "Features"):  # x86; Arm
            return frozenset(value.split())
    return frozenset()
