"""TorchScript archives whose bytes depend on the model alone."""

import re
from pathlib import Path

import torch

_MANGLED = re.compile(rb"___torch_mangle_(\d+)")
_DEBUGGING = ".debug_pkl"
_IDENTITY = ".data/serialization_id"


def save_torchscript(module: torch.jit.ScriptModule, file: Path) -> None:
    """Save a module as torch.jit.save does, but without what differs from one writing to the next."""
    raw = file.with_suffix(".raw")
    torch.jit.save(module, str(raw))
    _rewrite(raw, file)
    raw.unlink()


def _rewrite(source: Path, target: Path) -> None:
    """Copy an archive, record by record.

    PyTorch numbers the types of a program in the order in which the process has met them, notes for every operation
    the file and line of Python that it was traced from, and derives the archive's identity from all that. Here types
    are numbered anew, and the notes, which also tell of the machine's folders, are left out.
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
        if not name.startswith("constants/"):  # weights: their bytes are nobody's names
            content = renumbered(content)
        writer.write_record(renumbered(name.encode()).decode(), content, len(content))
    writer.write_end_of_file()
