"""Reads Java's properties files, the format of TorchServe's configuration. Pure."""

import re
from collections.abc import Iterator

_COMMENT = ("#", "!")
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_ESCAPED = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
_PAIR = re.compile(r"((?:\\.|[^\\=:\s])*)[ \t\f]*(?:[=:][ \t\f]*)?(.*)", re.DOTALL)


def read_properties(text: str) -> dict[str, str]:
    """The values by key, as `java.util.Properties.load` reads them; the last of several wins."""
    pairs: dict[str, str] = {}
    for line in _logical_lines(text):
        match = _PAIR.fullmatch(line)
        if match is not None:
            pairs[_unescaped(match[1])] = _unescaped(match[2])
    return pairs


def _logical_lines(text: str) -> Iterator[str]:
    """The logical lines, without comments and empty lines; a backslash at the end joins a line with the next."""
    begun: list[str] = []
    for natural in text.splitlines():
        line = natural.lstrip(" \t\f")
        if not begun and (not line or line.startswith(_COMMENT)):
            continue
        if _is_continued(line):
            begun.append(line[:-1])
            continue
        yield "".join([*begun, line])
        begun = []
    if begun:
        yield "".join(begun)


def _is_continued(line: str) -> bool:
    """Whether the line ends with a backslash that is not itself escaped."""
    return (len(line) - len(line.rstrip("\\"))) % 2 == 1


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda match: _meaning(match[1]), text)


def _meaning(escape: str) -> str:
    return chr(int(escape[1:], 16)) if len(escape) > 1 else _ESCAPED.get(escape, escape)
