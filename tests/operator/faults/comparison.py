"""What two objects have that the other has not."""

from collections.abc import Iterator

Difference = tuple[str, object, object]
"""Where, and what is there on either side; None for nothing."""


def differences(one: object, other: object) -> list[Difference]:
    """All places at which two objects differ."""
    here, there = dict(_leaves(one)), dict(_leaves(other))
    return [
        (path, here.get(path), there.get(path))
        for path in sorted(here.keys() | there.keys())
        if here.get(path) != there.get(path)
    ]


def _leaves(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """The values in an object, by their paths."""
    if isinstance(value, dict | list) and value:
        for key, below in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _leaves(below, f"{path}.{key}")
    else:
        yield path, value
