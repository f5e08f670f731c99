"""Validates the metadata of an object: name, labels and annotations (metav1.ObjectMeta). Pure."""

import re
from collections.abc import Iterator

from transformermodel_api.schema import Json
from transformermodel_api.validation.golang import json_type
from transformermodel_api.validation.problem import Problem, invalid, required

_SUBDOMAIN = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
_NAME = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_SUBDOMAIN_HELP = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
    f"and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '{_SUBDOMAIN}')"
)
_NAME_HELP = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character "
    f"(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '{_NAME}')"
)
_LABEL_HELP = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    f"'({_NAME})?')"
)
_LABEL_LIMIT = 63
_SUBDOMAIN_LIMIT = 253
_FIELDS: dict[str, type] = {"annotations": dict, "generateName": str, "labels": dict, "name": str, "namespace": str}
_GO_TYPES: dict[type, str] = {dict: "map[string]string", str: "string"}


def undecodable(metadata: Json) -> str | None:
    """The message of kubectl for the first field of metadata with a wrong type; None if all types are right."""
    if not isinstance(metadata, dict):
        return _wrong_type(metadata, "metadataOnlyObject.metadata", "v1.ObjectMeta")
    for field, wanted in _FIELDS.items():
        value = metadata.get(field)
        if value is None:
            continue
        if not isinstance(value, wanted):
            return _wrong_type(value, f"ObjectMeta.metadata.{field}", _GO_TYPES[wanted])
        for _, entry in sorted(value.items()) if isinstance(value, dict) else ():
            if not isinstance(entry, str | None):
                return _wrong_type(entry, f"ObjectMeta.metadata.{field}", "string")
    return None


def metadata_problems(metadata: dict[str, Json]) -> Iterator[Problem]:
    """Problems of name, labels and annotations.

    Args:
        metadata: the manifest's metadata, for which `undecodable` has found nothing.
    """
    name = metadata.get("name", "")
    if not name and metadata.get("generateName"):
        yield required("metadata.name", "generateName is for `kubectl create` alone")
    elif not name:
        yield required("metadata.name", "name or generateName is required")
    else:
        yield from (invalid("metadata.name", name, text) for text in _subdomain(name))
    for key, value in metadata.get("labels", {}).items():
        yield from (invalid("metadata.labels", key, text) for text in _qualified_name(key))
        yield from (invalid("metadata.labels", value, text) for text in _label(value))
    for key in metadata.get("annotations", {}):
        yield from (invalid("metadata.annotations", key, text) for text in _qualified_name(key.lower()))


def _wrong_type(value: Json, field: str, wanted: str) -> str:
    actual = {"boolean": "bool", "integer": "number"}.get(json_type(value), json_type(value))
    return f"json: cannot unmarshal {actual} into Go struct field {field} of type {wanted}"


def _subdomain(text: str) -> Iterator[str]:
    if len(text.encode()) > _SUBDOMAIN_LIMIT:
        yield f"must be no more than {_SUBDOMAIN_LIMIT} characters"
    if not re.fullmatch(_SUBDOMAIN, text):
        yield _SUBDOMAIN_HELP


def _label(text: str) -> Iterator[str]:
    if len(text.encode()) > _LABEL_LIMIT:
        yield f"must be no more than {_LABEL_LIMIT} characters"
    if text and not re.fullmatch(_NAME, text):
        yield _LABEL_HELP


def _qualified_name(text: str) -> Iterator[str]:
    if text.count("/") > 1:
        yield f"a qualified name {_NAME_HELP} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        return
    prefix, slash, name = text.rpartition("/")
    if slash and not prefix:
        yield "prefix part must be non-empty"
    elif slash:
        yield from (f"prefix part {problem}" for problem in _subdomain(prefix))
    if not name:
        yield "name part must be non-empty"
    elif len(name.encode()) > _LABEL_LIMIT:
        yield f"name part must be no more than {_LABEL_LIMIT} characters"
    if not re.fullmatch(_NAME, name):
        yield f"name part {_NAME_HELP}"
