"""HTML that cannot be forgotten to be escaped: every text is, unless it is markup already."""

from html import escape
from typing import Self

_VOID = frozenset({"input", "link", "meta"})
"""Elements without content, whose end is not written."""


class Markup(str):
    """HTML; made by `element`, by `join_all`, or by who vouches for it."""

    __slots__ = ()

    @classmethod
    def join_all(cls, *parts: str) -> Self:
        """The parts one after another, with texts escaped."""
        return cls("".join(part if isinstance(part, Markup) else escape(part) for part in parts))


def element(name: str, /, *children: str, **attributes: str | float | bool) -> Markup:
    """An element.

    Args:
        name: its tag.
        children: what is in it; texts are escaped.
        attributes: `class_` is class, `aria_label` is aria-label; True stands alone, and what is False is left out.
    """
    opening = "".join(
        f" {key.rstrip('_').replace('_', '-')}" + ("" if value is True else f'="{escape(str(value))}"')
        for key, value in attributes.items()
        if value is not False
    )
    if name in _VOID:
        return Markup(f"<{name}{opening}>")
    return Markup(f"<{name}{opening}>{Markup.join_all(*children)}</{name}>")
