"""TorchScript archives whose bytes depend on the model alone."""

import re
from pathlib import Path

import torch

_MANGLED = re.compile(rb"___torch_mangle_(\d+)")
_DEBUGGING = ".debug_pkl"
_IDENTITY = ".data/serialization_id"


def save_torchscript(module: torch.jit.ScriptModule, file: Path) -> None:
    """Save a module as torch.jit.save does, but without anything that differs between two saves of it."""
    raw = file.with_suffix(".raw")
    torch.jit.save(module, str(raw))
    _rewrite(raw, file)
    raw.unlink()


def _rewrite(source: Path, target: Path) -> None:
    """Copy an archive, record by record.

    PyTorch numbers the types of a program in the order in which the process met them, records the Python file and line
    that every operation was traced from, and derives the archive's identity from all of that. This renumbers the types
    and drops the source locations, which also reveal the machine's folders.
    """
    reader = torch._C.PyTorchFileReader(str(source))
    records = [name for name in reader.get_all_records() if not name.endswith((_DEBUGGING, _IDENTITY))]
    numbers = sorted({int(found) for name in records for found in _MANGLED.findall(name.encode())})
    order = {str(number).encode(): str(index).encode() for index, number in enumerate(numbers)}

    def renumbered(text: bytes) -> bytes:
        return _MANGLED.sub(lambda found: b"___torch_mangle_" + order[found[1]], text)

    writer = torch._C.PyTorchFileWriter(str(target))
    for name in records:
        content = reader.get_record(name)
        if not name.startswith("constants/"):  # constants are weights: raw bytes, not names
            content = renumbered(content)
        writer.write_record(renumbered(name.encode()).decode(), content, len(content))
    writer.write_end_of_file()
