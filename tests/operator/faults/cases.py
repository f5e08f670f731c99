"""What is changed together: one field of each part of spec, so that what differs afterwards tells its field. Pure."""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from tests.unit.api.fields import Field, Spec, fields

_NOTHING: Any = object()
_TOGETHER = 20
_ALONE = frozenset({"suspend", "rollout.pinnedRevision"})
"""Fields that say that no other counts."""
_DEEP = "predictor.affinity"
"""A part with parts of its own."""


@dataclass(frozen=True)
class Change:
    """A change of one field, between two sound specs."""

    field: Field
    before: Spec
    after: Spec

    @property
    def part(self) -> tuple[str, ...]:
        """What holds the field; a list's items are one part."""
        names = tuple(str(name) for name in self.field.path if name != 0)
        return names[: 4 if str(self.field).startswith(_DEEP) else 2] if len(names) > 2 else names[:-1]


@dataclass(frozen=True)
class Case:
    """Changes that are made together, in a model of their own.

    Attributes:
        name: the model's.
        changes: of different parts.
    """

    name: str
    changes: tuple[Change, ...]

    def __str__(self) -> str:
        return " + ".join(str(change.field) for change in self.changes)

    @property
    def before(self) -> Spec:
        """A sound spec."""
        spec: Spec = {}
        for change in self.changes:
            spec = _merged(spec, change.before)
        return spec

    @property
    def after(self) -> Spec:
        """Another, which differs in the fields of the changes."""
        spec = self.before
        for change in self.changes:
            spec = _moved(spec, change.before, change.after)
        return spec

    @property
    def refused(self) -> list[Spec]:
        """What `before` becomes with a value that the schema of one field refuses."""
        return [_moved(self.before, change.before, spec) for change in self.changes for spec in change.field.refused()]

    @property
    def strange(self) -> list[Spec]:
        """What it becomes with one value that nobody should write."""
        return [_moved(self.before, change.before, spec) for change in self.changes for spec in change.field.strange()]


def cases(number: int, *, alone: bool) -> list[Case]:
    """A change of each field that has so many changes, from 0: from absent to a value, from that to the next.

    Args:
        number: of the change.
        alone: whether each field has a case for itself.
    """
    groups: list[list[Change]] = []
    for change in _changes(number):
        group = None if alone else next((group for group in groups if _can_join(change, group)), None)
        if group is None:
            groups.append([change])
        else:
            group.append(change)
    return [Case(f"m-{place}", tuple(group)) for place, group in enumerate(groups)]


def _changes(number: int) -> Iterable[Change]:
    for field in fields():
        specs = field.specs()
        if number + 1 < len(specs):
            yield Change(field, *specs[number : number + 2])


def _can_join(change: Change, group: list[Change]) -> bool:
    """Whether there is room, no other change is of its part, and none says what another is without."""
    together = [*group, change]
    if len(together) > _TOGETHER or len({found.part for found in together}) < len(together):
        return False
    if any(str(found.field) in _ALONE for found in together):
        return False
    try:
        before = Case("", tuple(together)).before
    except _Conflict:
        return False
    return all(_at(before, found.field) == _at(found.before, found.field) for found in together)


class _Conflict(Exception):
    """Two specs want another value of the same field."""


def _merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> Spec:
    merged = deepcopy(dict(one))
    for name, value in other.items():
        if name not in merged:
            merged[name] = deepcopy(value)
        elif isinstance(merged[name], dict) and isinstance(value, dict):
            merged[name] = _merged(merged[name], value)
        elif merged[name] != value:
            raise _Conflict(name)
    return merged


def _moved(spec: Any, before: Any, after: Any) -> Any:
    """The spec with what makes `after` of `before`; lists are exchanged as a whole."""
    if before == after:
        return spec
    if not all(isinstance(found, dict) for found in (spec, before, after)):
        return deepcopy(after)
    moved = {name: value for name, value in spec.items() if name not in before or name in after}
    for name, value in after.items():
        if name not in before or before[name] != value:
            moved[name] = _moved(spec.get(name), before.get(name), value)
    return moved


def _at(spec: Any, field: Field) -> Any:
    """What a spec has in the place of a field."""
    for part in field.path:
        if isinstance(spec, dict):
            spec = spec.get(part, _NOTHING)
        else:
            spec = spec[part] if isinstance(spec, list) and spec else _NOTHING
    return spec
