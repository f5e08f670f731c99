"""Formats values as Go does, because the API server's messages quote them. Pure."""

import json
from decimal import Decimal

from transformermodel_api.schema import Json

_ESCAPES = {'"': '\\"', "\\": "\\\\", "\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r"}
_ESCAPES |= {"\t": "\\t", "\v": "\\v"}
_HTML = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})
_EXPONENTS_IN_FULL = range(-4, 6)
_INT64 = range(-(2**63), 2**63)


def quoted(text: str) -> str:
    """A text as Go's `%q` formats it."""
    return f'"{"".join(_character(character) for character in text)}"'


def number(value: float) -> str:
    """A number as Go's `%v` formats it: 64-bit integers in full, others with an exponent below 1e-04 or from 1e+06."""
    if isinstance(value, int) and value in _INT64:
        return str(value)
    sign, digits, exponent = Decimal(repr(float(value))).normalize().as_tuple()
    power = len(digits) + int(exponent) - 1
    significand = "".join(map(str, digits))
    if power in _EXPONENTS_IN_FULL:
        return f"{Decimal(repr(float(value))).normalize():f}"
    fraction = f".{significand[1:]}" if len(digits) > 1 else ""
    return f"{'-' * sign}{significand[0]}{fraction}e{power:+03d}"


def bad_value(value: Json) -> str:
    """An invalid value as `field.Error` formats it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return number(value)
    if isinstance(value, str):
        return quoted(value)
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.translate(_HTML)


def plain(value: Json) -> str:
    """A value as Go's `%v` formats it."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return f"[{' '.join(plain(item) for item in value)}]"
    if isinstance(value, dict):
        return f"map[{' '.join(f'{name}:{plain(item)}' for name, item in sorted(value.items()))}]"
    return "<nil>" if value is None else bad_value(value)


def type_name(value: Json) -> str:
    """The Go type of a decoded JSON value, as `%T` formats it."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int64" if value in _INT64 else "float64"
    names: dict[type, str] = {float: "float64", str: "string", list: "[]interface {}", dict: "map[string]interface {}"}
    return names[type(value)]


def json_type(value: Json) -> str:
    """The JSON type that the API server sees: an integer that does not fit 64 bits is a number."""
    if value is None:
        return "null"
    names = {"bool": "boolean", "int64": "integer", "float64": "number", "string": "string", "[]interface {}": "array"}
    return names.get(type_name(value), "object")


def _character(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    code = ord(character)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
