"""Detects drift of an object from its desired state, so that nothing is written if nothing differs. Pure.

The API server's defaulting and admission webhooks add fields to an applied object and rewrite quantities; that is not
drift. Drift is a desired field with another value, or a field that the operator applied earlier and that is no longer
desired. The latter is found in the object's managedFields, which list the fields of each server-side apply.
"""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from transformermodel_operator.objects import Document

_OBJECT, _ARRAY = dict, (list, tuple)
"""Concrete types of JSON values: `isinstance` takes a fifth of the time that it takes with abstract classes."""

_LIST_KEYS = ("mountPath", "name")
"""Keys by which server-side apply merges list items; the first that all desired items have is used."""

_QUANTITIES, _QUANTITY = frozenset({"requests", "limits"}), frozenset({"sizeLimit"})
_SUFFIXES = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "": Decimal(1),
    "k": Decimal(10**3),
    "M": Decimal(10**6),
    "G": Decimal(10**9),
    "T": Decimal(10**12),
    "P": Decimal(10**15),
    "E": Decimal(10**18),
    "Ki": Decimal(2**10),
    "Mi": Decimal(2**20),
    "Gi": Decimal(2**30),
    "Ti": Decimal(2**40),
    "Pi": Decimal(2**50),
    "Ei": Decimal(2**60),
}


def is_up_to_date(actual: Document, desired: Document, manager: str) -> bool:
    """Whether applying `desired` as the field manager `manager` would leave `actual` unchanged."""
    return includes(actual, desired) and not has_stale_fields(actual, desired, manager)


def includes(actual: Any, desired: Any) -> bool:  # noqa: ANN401 - any JSON value
    """Whether `actual` has every value of `desired`; its other values are ignored.

    Lists of objects with `mountPath` or `name` are compared by that key, as server-side apply merges them; other lists
    item by item. Quantities are equal if their amounts are.
    """
    if isinstance(desired, _OBJECT):
        return isinstance(actual, _OBJECT) and all(_includes_field(actual, name, desired[name]) for name in desired)
    if isinstance(desired, _ARRAY):
        return isinstance(actual, _ARRAY) and _includes_items(actual, desired)
    return bool(actual == desired)


def has_stale_fields(actual: Document, desired: Document, manager: str) -> bool:
    """Whether the field manager `manager` owns fields of `actual` that are no longer in `desired`."""
    entries = actual["metadata"].get("managedFields") or ()
    return any(
        _has_other_fields(entry.get("fieldsV1", {}), desired)
        for entry in entries
        if entry.get("manager") == manager and entry.get("operation") == "Apply" and not entry.get("subresource")
    )


def quantity(value: str | float) -> Decimal | None:
    """The amount of a Kubernetes quantity, such as 0.5 for "500m"; None for a value that is not a quantity."""
    text = str(value)
    number = text.rstrip("numkKMGTPEi")
    suffix = text[len(number) :]
    try:
        return Decimal(number) * _SUFFIXES[suffix]
    except (InvalidOperation, KeyError):
        return None


def _includes_field(actual: Mapping[str, Any], name: str, desired: Any) -> bool:  # noqa: ANN401
    if name not in actual:
        return desired in (None, {}, [], ())  # the API server omits empty values
    if name in _QUANTITIES and isinstance(desired, _OBJECT):
        found = actual[name]
        return all(key in found and _same_quantity(found[key], desired[key]) for key in desired)
    if name in _QUANTITY:
        return _same_quantity(actual[name], desired)
    return includes(actual[name], desired)


def _includes_items(actual: Sequence[Any], desired: Sequence[Any]) -> bool:
    for key in _LIST_KEYS:
        if desired and all(isinstance(item, _OBJECT) and key in item for item in desired):
            named = {item.get(key): item for item in actual if isinstance(item, _OBJECT)}
            return all(includes(named.get(item[key]), item) for item in desired)
    return len(actual) == len(desired) and all(map(includes, actual, desired))


def _same_quantity(actual: str | float, desired: str | float) -> bool:
    amount = quantity(actual)
    return amount == quantity(desired) if amount is not None else actual == desired


def _has_other_fields(fields: Mapping[str, Any], desired: Any) -> bool:  # noqa: ANN401
    """Whether fieldsV1 (sigs.k8s.io/structured-merge-diff, fieldpath/serialize-pe.go) has a path not in `desired`."""
    for path, below in fields.items():
        if path == ".":
            continue
        found, value = _step(path, desired)
        if not found or _has_other_fields(below, value):
            return True
    return False


def _step(path: str, value: Any) -> tuple[bool, Any]:  # noqa: ANN401
    """Follow one path element: f:name, k:{keys of a list item}, v:value in a set, i:index.

    Returns:
        Whether it exists in `value`, and the value there; None for an element of a set.
    """
    form, _, rest = path.partition(":")
    if form == "f":
        return (True, value[rest]) if isinstance(value, _OBJECT) and rest in value else (False, None)
    if not isinstance(value, _ARRAY):
        return False, None
    if form == "k":
        keys = json.loads(rest)
        item = next((item for item in value if all(item.get(name) == keys[name] for name in keys)), None)
        return item is not None, item
    if form == "v":
        return json.loads(rest) in value, None
    return (True, value[int(rest)]) if int(rest) < len(value) else (False, None)
