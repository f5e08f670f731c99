"""Case-insensitive headers of one request."""

from collections.abc import Mapping
from typing import Any, Self


class Headers(dict[str, Any]):
    """Values by lower-case names, looked up in any case: HTTP ignores it, and handlers spell names as they like.

    A value is a text, or for a part of a multipart form the mapping of that part's own headers.

    Args:
        given: names and values; of names that differ only in case the last one wins.
    """

    def __init__(self, given: Mapping[str, Any] | None = None) -> None:
        super().__init__({name.lower(): value for name, value in (given or {}).items()})

    def __getitem__(self, name: str) -> Any:
        return super().__getitem__(name.lower())

    def __setitem__(self, name: str, value: Any) -> None:
        super().__setitem__(name.lower(), value)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and super().__contains__(name.lower())

    def get(self, name: str, default: Any = None) -> Any:
        """The value of a header, or a default."""
        return super().get(name.lower(), default)

    def copy(self) -> Self:
        """An independent copy."""
        return type(self)(self)
