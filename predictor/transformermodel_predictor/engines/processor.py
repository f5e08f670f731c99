"""What compiled code depends on: the version of PyTorch, the machine and its instruction sets."""

from collections.abc import Mapping

import torch

ARCHITECTURE = "architecture"
INSTRUCTIONS = "instructions"
PYTORCH = "torch"


def compiled_here(device: torch.device) -> dict[str, str]:
    """What code that is compiled here for a device depends on.

    The GPU's name counts instead of the CPU's instruction sets where the code runs on one.
    """
    facts = {PYTORCH: torch.__version__.partition("+")[0], ARCHITECTURE: str(_capabilities()["architecture"])}
    if device.type == "cuda":
        return {**facts, "gpu": torch.cuda.get_device_name(device)}
    return {**facts, INSTRUCTIONS: " ".join(sorted(_instructions()))}


def unmet(made_with: Mapping[str, str], device: torch.device) -> str | None:
    """What is missing here for code that was compiled elsewhere, in a few words; None where it runs.

    Args:
        made_with: what `compiled_here` said where it was compiled.
        device: where it is to run.
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
