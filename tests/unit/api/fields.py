"""Every field of spec, found in the schema itself, with sound specs that differ in this field alone."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.unit.api.field_values import refused_values, sound_values, strange_values
from transformermodel_api.crd import resource_schema
from transformermodel_api.rules import VALIDATIONS
from transformermodel_api.schema import Schema

Path = tuple[str | int, ...]
Spec = dict[str, Any]

_BASE: Spec = {"task": "SequenceClassification", "source": {"uri": "hf://org/name"}}
_CUSTOM: Spec = {"task": "Custom", "source": {"uri": "s3://bucket/x.mar", "trustRemoteCode": "Allowed"}}
_LIMITS: Spec = {"predictor": {"explanations": {"limits": {"steps": 100_000, "samples": 100_000}}}}
_CONTEXTS: Mapping[str, Spec] = {
    # what the rules about several fields want beside a field, and what Kubernetes wants beside one of a pod's
    "task": {"source": {"trustRemoteCode": "Allowed"}},
    "source.requirements": _CUSTOM,
    "source.adapterRevision": {"source": {"adapterUri": "hf://org/adapter"}},
    "storage.secretRef": {"storage": {"uri": "s3://bucket/folder"}},
    "preparation.format": {"preparation": {"batchSize": 1}},
    "preparation.generation": {"task": "TextGeneration"},
    "preparation.tolerations.value": {"preparation": {"tolerations": [{"key": "one", "operator": "Equal"}]}},
    "preparation.tolerations.tolerationSeconds": {
        "preparation": {"tolerations": [{"operator": "Exists", "effect": "NoExecute"}]}
    },
    "predictor.workers": _CUSTOM,
    "predictor.scaleMetric": {"predictor": {"maxReplicas": 2}},
    "predictor.scaleTarget": {"predictor": {"maxReplicas": 2}},
    "predictor.explanations.method": {"task": "TextGeneration"},
    "predictor.explanations.steps": _LIMITS,
    "predictor.explanations.maxSteps": _LIMITS,
    "predictor.explanations.samples": _LIMITS,
    "predictor.tolerations.value": {"predictor": {"tolerations": [{"key": "one", "operator": "Equal"}]}},
    "predictor.tolerations.tolerationSeconds": {
        "predictor": {"tolerations": [{"operator": "Exists", "effect": "NoExecute"}]}
    },
    "predictor.volumeMounts": {
        "predictor": {"volumes": [{"name": "one", "emptyDir": {}}, {"name": "two", "emptyDir": {}}]}
    },
}
_ITEMS: Mapping[str, Any] = {
    # the least that an item or an object can be where the schema alone would let less pass
    "expect": {"label": "A"},
    "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}},
    "volumes": {"name": "one", "emptyDir": {}},
    "tolerations": {"key": "one", "operator": "Exists"},
    "matchExpressions": {"key": "one", "operator": "In", "values": ["one"]},
}
_NEVER_ABSENT = frozenset({"values"})
"""What Kubernetes wants beside other fields, although the schema does not."""

_IN_PLACE: Mapping[str, Spec] = {
    # what stands in the place of a field that is absent, where one of several has to be given
    "tests.expect.label": {"answer": "A"},
    "predictor.volumes.emptyDir": {"configMap": {"name": "one"}},
    "predictor.volumes.configMap": {"emptyDir": {}},
    "predictor.volumes.secret": {"emptyDir": {}},
    "predictor.volumes.persistentVolumeClaim": {"emptyDir": {}},
    "predictor.env.valueFrom.fieldRef": {"secretKeyRef": {"name": "one", "key": "one"}},
    "predictor.env.valueFrom.secretKeyRef": {"fieldRef": {"fieldPath": "status.podIP"}},
    "predictor.env.valueFrom.configMapKeyRef": {"fieldRef": {"fieldPath": "status.podIP"}},
}
_ONE_OF = (
    {"emptyDir", "configMap", "secret", "persistentVolumeClaim"},
    {"fieldRef", "secretKeyRef", "configMapKeyRef"},
)


@dataclass(frozen=True)
class Field:
    """A field of spec.

    Attributes:
        path: names, and 0 for the one item of a list.
        schema: its own.
        required: whether what holds it cannot be without it.
    """

    path: Path
    schema: Schema
    required: bool

    def __str__(self) -> str:
        return ".".join(str(part) for part in self.path if part != 0)

    @property
    def is_leaf(self) -> bool:
        """Whether it holds no other fields."""
        return "properties" not in self.schema and "properties" not in self.schema.get("items", {})

    @property
    def is_refused(self) -> bool:
        """Whether it is there to say why there is no such thing."""
        return any(rule["rule"] == "false" for rule in self.schema.get(VALIDATIONS, ()))

    def specs(self) -> tuple[Spec, ...]:
        """Sound specs that differ in this field alone: without it where that can be, and with each of its values."""
        if self.is_refused:
            return (self._without(),)
        with_it = tuple(self._with(value) for value in self._values())
        return with_it if self.required or self.path[-1] in _NEVER_ABSENT else (self._without(), *with_it)

    def refused(self) -> tuple[Spec, ...]:
        """Specs in which it has a value that its schema or its own rules refuse."""
        return tuple(self._with(value) for value in refused_values(self.schema))

    def strange(self) -> tuple[Spec, ...]:
        """Specs in which it has a value that the schema lets pass, and that nobody should write."""
        return tuple(self._with(value) for value in strange_values(self.schema))

    def _values(self) -> tuple[Any, ...]:
        if self.is_leaf:
            return sound_values(self.schema, str(self))
        least = _least(self.schema, str(self))
        if self.schema["type"] == "array":
            item = [_item(self.schema, str(self))]
            return (item,) if self.schema.get("minItems") else (item, [])
        return (least,)

    def _with(self, value: Any) -> Spec:
        spec, holder = self._surroundings()
        _put(holder, self.path[-1], deepcopy(value))
        return spec

    def _without(self) -> Spec:
        spec, holder = self._surroundings()
        holder.pop(self.path[-1], None)
        if str(self) in _IN_PLACE:
            holder.update(deepcopy(_IN_PLACE[str(self)]))
        return spec

    def _surroundings(self) -> tuple[Spec, Any]:
        """A spec that has all that holds the field, and what holds it."""
        spec, name = deepcopy(_BASE), str(self)
        for prefix, context in _CONTEXTS.items():
            if name == prefix or name.startswith(f"{prefix}."):
                _merge(spec, deepcopy(context))
        holder: Any = spec
        schema = _schema_of_spec()
        for depth, part in enumerate(self.path[:-1]):
            above = ".".join(str(found) for found in self.path[: depth + 1] if found != 0)
            if part == 0:
                if not holder:
                    holder.append(_item(schema, above))
                schema = schema["items"]
            else:
                schema = schema["properties"][part]
                if part not in holder:
                    _put(holder, part, _least(schema, above))
            holder = holder[part]
        return spec, holder


@cache
def fields() -> tuple[Field, ...]:
    """All fields of spec, lists and objects as well as what is in them."""
    return tuple(_fields(_schema_of_spec(), ()))


def _fields(schema: Schema, path: Path) -> Iterator[Field]:
    for name, child in schema["properties"].items():
        yield Field((*path, name), child, name in schema.get("required", ()))
        if "properties" in child:
            yield from _fields(child, (*path, name))
        elif "properties" in child.get("items", {}):
            yield from _fields(child["items"], (*path, name, 0))


def _schema_of_spec() -> Schema:
    schema: Schema = resource_schema()["properties"]["spec"]
    return schema


def _least(schema: Schema, name: str) -> Any:
    """The least that a field can hold."""
    last = name.rpartition(".")[2]
    if schema.get("type") == "array" and "properties" in schema["items"]:
        return [_item(schema, name)] if schema.get("minItems") else []
    if last in _ITEMS:
        return deepcopy(_ITEMS[last])
    if "properties" not in schema:
        return deepcopy(sound_values(schema, name)[0])
    return {child: _least(schema["properties"][child], f"{name}.{child}") for child in schema.get("required", ())}


def _item(schema: Schema, name: str) -> Any:
    """The least that an item of a list can be."""
    last = name.rpartition(".")[2]
    return deepcopy(_ITEMS[last]) if last in _ITEMS else _least(schema["items"], name)


def _put(holder: Any, name: Any, value: Any) -> None:
    """Give a field its value; what cannot be beside it goes."""
    for group in _ONE_OF:
        if name in group:
            for other in group - {name}:
                holder.pop(other, None)
    holder[name] = value


def _merge(spec: Spec, more: Spec) -> None:
    for name, value in more.items():
        if isinstance(value, dict) and isinstance(spec.get(name), dict):
            _merge(spec[name], value)
        else:
            spec[name] = value
