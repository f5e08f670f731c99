"""JSON tensors of KServe's second protocol."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from ts.torch_handler.request_envelope.rows_envelope import InvalidRequest

TEXTS = "BYTES"

_OF_LEAVES = {bool: "BOOL", int: "INT64", float: "FP64", str: TEXTS}
_OF_ARRAYS = {
    "bool": "BOOL",
    "uint8": "UINT8",
    "uint16": "UINT16",
    "uint32": "UINT32",
    "uint64": "UINT64",
    "int8": "INT8",
    "int16": "INT16",
    "int32": "INT32",
    "int64": "INT64",
    "float16": "FP16",
    "float32": "FP32",
    "float64": "FP64",
}


def shaped(name: str, shape: Sequence[int], data: Any) -> Any:
    """Reshape values into nested lists.

    Args:
        name: the tensor's name, for error messages.
        shape: its sizes; one of them may be -1.
        data: its values, in nested lists or a flat one.

    Raises:
        InvalidRequest: the number of values does not match the shape.
    """
    flat = list(leaves(data))
    sizes = _sizes(shape, len(flat))
    if _count(sizes) != len(flat):
        raise InvalidRequest(f"the input {name} has {len(flat)} values, and its shape is {list(shape)}")
    for size in reversed(sizes[1:]):
        flat = [flat[start : start + size] for start in range(0, len(flat), size)] if size else []
    return flat


def _sizes(shape: Sequence[int], values: int) -> list[int]:
    known = _count([size for size in shape if size != -1])
    return [values // known if size == -1 and known else size for size in shape]


def _count(sizes: Sequence[int]) -> int:
    count = 1
    for size in sizes:
        count *= size
    return count


def leaves(data: Any) -> Iterator[Any]:
    """The values of nested lists, in order."""
    if isinstance(data, list | tuple):
        for part in data:
            yield from leaves(part)
    else:
        yield data


def tensor(name: str, answers: Sequence[Any]) -> dict[str, Any]:
    """Convert answers to an output tensor.

    Args:
        name: the output's name.
        answers: a single answer keeps its shape, a single value gets shape [1]; several of equal shape are stacked.
            Answers that are not tensors (objects, lists of different lengths or types) each become a JSON text.
    """
    plain = [_plain(answer) for answer in answers]
    value = plain[0] if len(plain) == 1 else plain
    values = list(leaves(value))
    shape, datatype = _shape(value), _datatype(answers, values)
    if shape is None or datatype is None:
        texts = [answer if isinstance(answer, str) else json.dumps(answer) for answer in plain]
        return {"name": name, "shape": [len(texts)], "datatype": TEXTS, "data": texts}
    return {"name": name, "shape": shape or [1], "datatype": datatype, "data": values}


def _plain(answer: Any) -> Any:
    """An answer as plain JSON values."""
    if isinstance(answer, bytes | bytearray):
        return answer.decode(errors="replace")
    if callable(to_list := getattr(answer, "tolist", None)):
        return to_list()
    if isinstance(answer, dict):
        return {str(key): _plain(value) for key, value in answer.items()}
    if isinstance(answer, list | tuple):
        return [_plain(value) for value in answer]
    return answer


def _shape(value: Any) -> list[int] | None:
    """The shape of nested lists, [] for a single value; None if lists differ in length."""
    if not isinstance(value, list):
        return []
    shapes = [_shape(part) for part in value]
    if not shapes:
        return [0]
    first = shapes[0]
    return None if first is None or any(shape != first for shape in shapes) else [len(value), *first]


def _datatype(answers: Sequence[Any], values: Sequence[Any]) -> str | None:
    """The datatype of the values, or of an array; None if types are mixed or not supported in tensors."""
    arrays = {str(answer.dtype).removeprefix("torch.") if hasattr(answer, "dtype") else "" for answer in answers}
    if len(arrays) == 1 and (known := _OF_ARRAYS.get(arrays.pop())):
        return known
    types = {type(value) for value in values}
    if types == {int, float}:
        types = {float}
    return _OF_LEAVES.get(types.pop()) if len(types) == 1 else None
