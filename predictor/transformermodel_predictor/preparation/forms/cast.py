"""Casts safetensors weights to another floating-point type, one tensor at a time, so the model never fills memory."""

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import torch

_LENGTH = struct.Struct("<Q")
_ALIGNMENT = 8
_FLOAT32 = "F32"
_NAMES = {torch.float16: "F16", torch.bfloat16: "BF16"}
_METADATA = "__metadata__"


@dataclass(frozen=True)
class _Stored:
    """A tensor in a safetensors file; `begin` and `end` are bytes after the header."""

    name: str
    dtype: str
    shape: list[int]
    begin: int
    end: int

    def as_type(self, dtype: torch.dtype, begin: int) -> "_Stored":
        """The same tensor in the new file: cast if it is float32, otherwise unchanged."""
        if self.dtype != _FLOAT32:
            return _Stored(self.name, self.dtype, self.shape, begin, begin + self.end - self.begin)
        size = (self.end - self.begin) * dtype.itemsize // torch.float32.itemsize
        return _Stored(self.name, _NAMES[dtype], self.shape, begin, begin + size)


def cast_weights(file: Path, dtype: torch.dtype) -> None:
    """Rewrite a safetensors file with its float32 tensors cast to another type, in the same order.

    Meanwhile both files are on disk, and one tensor in memory.
    Format: https://huggingface.co/docs/safetensors, an 8-byte length, a JSON header, the bytes of the tensors.

    Args:
        file: written by save_pretrained.
        dtype: float16 or bfloat16.
    """
    target = file.with_suffix(".cast")
    with file.open("rb") as source, target.open("wb") as written:
        tensors, metadata = _read_header(source)
        start = source.tell()
        _write_header(written, _laid_out(tensors, dtype), metadata)
        for tensor in tensors:
            source.seek(start + tensor.begin)
            content = bytearray(source.read(tensor.end - tensor.begin))
            written.write(_cast(content, dtype) if tensor.dtype == _FLOAT32 and content else content)
    target.replace(file)


def _read_header(source: BinaryIO) -> tuple[list[_Stored], Mapping[str, str]]:
    """The tensors in the order of their bytes, and the metadata."""
    (length,) = _LENGTH.unpack(source.read(_LENGTH.size))
    header: dict[str, Any] = json.loads(source.read(length))
    metadata = header.pop(_METADATA, {})
    stored = (_Stored(name, item["dtype"], item["shape"], *item["data_offsets"]) for name, item in header.items())
    return sorted(stored, key=lambda tensor: (tensor.begin, tensor.end)), metadata


def _write_header(target: BinaryIO, tensors: list[_Stored], metadata: Mapping[str, str]) -> None:
    entries = {
        tensor.name: {"dtype": tensor.dtype, "shape": tensor.shape, "data_offsets": [tensor.begin, tensor.end]}
        for tensor in tensors
    }
    header = json.dumps({_METADATA: dict(metadata), **entries}, separators=(",", ":")).encode()
    header += b" " * (-len(header) % _ALIGNMENT)
    target.write(_LENGTH.pack(len(header)) + header)


def _laid_out(tensors: list[_Stored], dtype: torch.dtype) -> list[_Stored]:
    laid_out: list[_Stored] = []
    for tensor in tensors:
        laid_out.append(tensor.as_type(dtype, laid_out[-1].end if laid_out else 0))
    return laid_out


def _cast(content: bytearray, dtype: torch.dtype) -> bytes:
    cast = torch.frombuffer(content, dtype=torch.float32).to(dtype)
    return cast.view(torch.uint8).numpy().tobytes()
