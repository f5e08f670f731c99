"""What compiled code depends on: PyTorch's version, the machine and its instruction sets."""

from collections.abc import Mapping

import torch

ARCHITECTURE = "architecture"
INSTRUCTIONS = "instructions"
PYTORCH = "torch"


def compiled_here(device: torch.device) -> dict[str, str]:
    """What code compiled here for a device depends on.

    For a GPU, its name counts instead of the CPU's instruction sets.
    """
    facts = {PYTORCH: torch.__version__.partition("+")[0], ARCHITECTURE: str(_capabilities()["architecture"])}
    if device.type == "cuda":
        return {**facts, "gpu": torch.cuda.get_device_name(device)}
    return {**facts, INSTRUCTIONS: " ".join(sorted(_instructions()))}


def unmet(made_with: Mapping[str, str], device: torch.device) -> str | None:
    """What code compiled elsewhere lacks on this machine, in a few words; None if it runs.

    Args:
        made_with: result of `compiled_here` where the code was compiled.
        device: device to run on.
    """
    here = compiled_here(device)
    for name, wanted in made_with.items():
        if name == INSTRUCTIONS:
            missing = sorted(set(wanted.split()) - _instructions())
            if missing:
                return f"it uses the instruction sets {', '.join(missing)}, which this processor does not have"
        elif here.get(name) != wanted:
            return f"it was compiled for {name} {wanted}, and here is {here.get(name, 'none')}"
    return None


def _instructions() -> frozenset[str]:
    return frozenset(name for name, value in _capabilities().items() if value is True)


def _capabilities() -> Mapping[str, object]:
    capabilities: Mapping[str, object] = torch.cpu.get_capabilities()
    return capabilities
