"""Reads YAML as kubectl does: every document becomes a JSON value.

kubectl converts YAML 1.1 to JSON by the rules of Go's YAML library, which differ from PyYAML's: a date is text, `1e3`
is a number, a number without a fraction is an integer, and one that is too large is text. What JSON cannot represent is
an error.
"""

import json
import math
import re
import sys
from collections.abc import Iterator
from typing import ClassVar

import yaml

from transformermodel_api.schema import Json

_TAG = "tag:yaml.org,2002:"
_BOOLEAN = re.compile(r"(?:y|yes|true|on|n|no|false|off|Y|Yes|True|On|N|No|False|Off|YES|TRUE|ON|NO|FALSE|OFF)$")
_NULL = re.compile(r"(?:~|null|Null|NULL|)$")
_INTEGER = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F_]+|0[oO]?[0-7_]+|0[bB][01_]+|[1-9][0-9_]*|0)$")
_OLD_OCTAL = re.compile(r"[-+]?0[0-7]")
_FLOAT = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$|[-+]?\.(?:inf|Inf|INF)$|\.(?:nan|NaN|NAN)$"
)
_MERGE = re.compile("<<$")
_SHORTEST_WITH_EXPONENT = 1e21
"""The smallest number that Go's JSON encoder writes with an exponent, which makes it a float."""


class NotJson(ValueError):
    """The text is not YAML, or YAML that JSON cannot represent; the message says where."""


def documents(text: str) -> Iterator[Json]:
    """The documents of a YAML text as JSON values, without empty ones.

    Raises:
        NotJson: a document cannot be read; raised when the iteration reaches it.
    """
    try:
        loader = _Loader(text)
        while loader.check_data():  # type: ignore[no-untyped-call]
            document = _as_json(loader.get_data())
            if document is not None:
                yield document
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise NotJson(f"{where}{error.problem or error.context}") from error
    except yaml.YAMLError as error:
        raise NotJson(" ".join(str(error).split())) from error
    except RecursionError as error:
        raise NotJson("it is nested too deeply") from error


def _as_json(value: Json) -> Json:
    try:
        return json.loads(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise NotJson(f"a manifest must be as plain as JSON: {error}") from error


def _scalar(loader: yaml.SafeLoader, node: yaml.ScalarNode, *forms: re.Pattern[str]) -> str:
    """The text of a scalar, which an explicit tag, such as `!!int`, can give to any text.

    Raises:
        yaml.constructor.ConstructorError: the text has none of the forms of its tag.
    """
    text = str(loader.construct_scalar(node))
    if not any(form.match(text) for form in forms):
        tag = node.tag.removeprefix(_TAG)
        raise yaml.constructor.ConstructorError(None, None, f"{text!r} is not of type {tag}", node.start_mark)
    return text


def _null(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> None:
    _scalar(loader, node, _NULL)


def _boolean(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> bool:
    return _scalar(loader, node, _BOOLEAN).lower() in ("y", "yes", "true", "on")


def _integer(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int | str:
    text = _scalar(loader, node, _INTEGER)
    try:
        value = int(text.replace("_", ""), 8 if _OLD_OCTAL.match(text) else 0)
    except ValueError:  # a prefix without digits, or more digits than Python converts
        return text
    return value if abs(value) <= sys.float_info.max else text


def _float(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> float | int | str:
    text = _scalar(loader, node, _FLOAT, _INTEGER)
    if _INTEGER.match(text):
        return _integer(loader, node)
    value = float(text.lower().replace("_", "").replace(".inf", "inf").replace(".nan", "nan"))
    if math.isinf(value) and "inf" not in text.lower():
        return text
    return int(value) if value.is_integer() and abs(value) < _SHORTEST_WITH_EXPONENT else value


class _Loader(yaml.SafeLoader):
    """A loader that knows only JSON's types: no dates, sets, binary data or Python objects."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's own registry
        None: [
            (f"{_TAG}bool", _BOOLEAN),
            (f"{_TAG}null", _NULL),
            (f"{_TAG}int", _INTEGER),
            (f"{_TAG}float", _FLOAT),
            (f"{_TAG}merge", _MERGE),
        ]
    }
    yaml_constructors: ClassVar = {
        f"{_TAG}bool": _boolean,
        f"{_TAG}null": _null,
        f"{_TAG}int": _integer,
        f"{_TAG}float": _float,
        f"{_TAG}str": yaml.SafeLoader.construct_yaml_str,
        f"{_TAG}seq": yaml.SafeLoader.construct_yaml_seq,
        f"{_TAG}map": yaml.SafeLoader.construct_yaml_map,
        None: yaml.SafeLoader.construct_undefined,
    }
