"""Manifests made from the schema: sound ones, and sound ones with a few faults put in."""

from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

from transformermodel_api import API_VERSION, KIND
from transformermodel_api.crd import resource_schema
from transformermodel_api.schema import INT_OR_STRING, LIST_TYPE

Path = tuple[str | int, ...]

TEXT = st.text("abc ü\n\"'<&/:.", max_size=12)
# what the fields with a CEL rule want; the rest of the schema speaks for itself
WELL_FORMED = {
    "uri": ("hf://org/name", "package://some.package/path", "file://folder"),
    "adapterUri": ("hf://org/adapter", "file://adapter"),
    "samplesUri": ("file://samples.jsonl", "s3://bucket/samples"),
    "score": ("0", "0.5", "1.0"),
    "tolerance": ("0", "0.01"),
    "topP": ("0.9", "1"),
    "temperature": ("0.7", "2"),
    "repetitionPenalty": ("1", "1.3"),
    "name": ("one", "two"),
    "mountPath": ("/data", "/etc/more"),
}
STORAGE_URIS = ("pvc://claim", "pvc://claim/folder", "s3://bucket/folder", "az://container")
QUANTITY = st.one_of(st.integers(0, 9), st.sampled_from(["500m", "1.5", "2Gi"]))
VOLUME_SOURCES = frozenset({"configMap", "secret", "persistentVolumeClaim", "emptyDir"})
NAMES = st.from_regex(r"[a-z]([-a-z0-9]{0,38}[a-z0-9])?", fullmatch=True)
JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([-(10**30), -1, 0, 1, 1001, 10**6 + 1, 2**31, 2**63, 10**30]),
    st.sampled_from([-0.5, 0.00001, 1.5, 1000001.5, 1e30]),
    TEXT,
    st.sampled_from(
        ["hf://a/b", "s3://bucket/key", "pvc://Claim", "2 Gi", "x" * 300, "x" * 1100, "\x01\u2028\U0001f600"]
    ),
    st.lists(st.one_of(TEXT, st.integers(-1, 1), st.none()), max_size=3),
    st.dictionaries(st.sampled_from(["a", "name", "uri"]), st.one_of(TEXT, st.integers(-1, 1)), max_size=2),
)


def sound_manifests() -> st.SearchStrategy[dict[str, Any]]:
    """Manifests that break nothing."""
    spec = _values(resource_schema()["properties"]["spec"], "spec").map(_agreeing)
    return st.builds(_manifest, NAMES, spec)


def manifests() -> st.SearchStrategy[dict[str, Any]]:
    """Manifests with none to three faults."""
    return st.composite(_faulty)()


def _manifest(name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": API_VERSION, "kind": KIND, "metadata": {"name": name}, "spec": spec}


def _agreeing(spec: dict[str, Any]) -> dict[str, Any]:
    """Mend what the rules about several fields would refuse."""
    preparation, source = spec.get("preparation", {}), spec["source"]
    if preparation.get("format") not in (None, "Auto", "Pretrained"):
        preparation.pop("engine", None)
        preparation["batchSize"] = 1
    _agree_about_the_task(spec)
    spec.get("rollout", {}).pop("canary", None)  # nothing agrees with it
    if "labels" in preparation:
        preparation.pop("numLabels", None)
    if spec["task"] != "TextGeneration":
        preparation.pop("generation", None)
    explanations = spec.get("predictor", {}).get("explanations", {})
    if explanations.get("baseline") == "Zero":
        explanations["method"] = "Saliency"
    explanations.update(dict.fromkeys(explanations.keys() & {"steps", "maxSteps", "samples"}, 1))
    _agree_about_pods(spec.get("predictor", {}))
    for test in spec.get("tests", []):
        test["expect"].setdefault("label", "A")
    for uri, revision in (("uri", "revision"), ("adapterUri", "adapterRevision")):
        if not source.get(uri, "").startswith("hf://"):
            source.pop(revision, None)
    return spec


def _agree_about_the_task(spec: dict[str, Any]) -> None:
    """Mend what is only for the task Custom, and what is not for it."""
    predictor, source = spec.get("predictor", {}), spec["source"]
    if spec["task"] != "Custom":
        predictor.pop("workers", None)
        source.pop("requirements", None)
        return
    source["trustRemoteCode"] = "Allowed"
    source.pop("adapterUri", None)
    predictor.pop("explanations", None)
    predictor.get("batching", {}).pop("maxTokens", None)
    preparation = spec.get("preparation", {})
    for name in preparation.keys() - {"deadlineSeconds", "ttlSecondsAfterFinished", "resources", "nodeSelector"}:
        del preparation[name]
    for test in spec.get("tests", []):
        test["expect"].pop("score", None)
        test["expect"].pop("entities", None)


def _agree_about_pods(predictor: dict[str, Any]) -> None:
    """Mend replicas, variables and volumes."""
    if (workers := predictor.get("workers")) and "min" in workers and "max" in workers:
        workers["max"] = workers["min"]
    if "maxReplicas" in predictor:
        predictor["minReplicas"] = 1
    else:
        predictor.pop("scaleMetric", None)
        predictor.pop("scaleTarget", None)
    for variable in predictor.get("env", []):
        if "valueFrom" in variable:
            variable.pop("value", None)
            variable["valueFrom"] = {"fieldRef": {"fieldPath": "status.podIP"}}
    for volume in predictor.get("volumes", []):
        kept = next((source for source in VOLUME_SOURCES if source in volume), None)
        for source in VOLUME_SOURCES - {kept}:
            volume.pop(source, None)
        if kept is None:
            volume["emptyDir"] = {}
    names = {volume["name"] for volume in predictor.get("volumes", [])}
    if "volumeMounts" in predictor:
        predictor["volumeMounts"] = [mount for mount in predictor["volumeMounts"] if mount["name"] in names]


def _values(schema: dict[str, Any], name: str) -> st.SearchStrategy[Any]:
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if INT_OR_STRING in schema:
        return QUANTITY
    match schema["type"]:
        case "object":
            return _objects(schema, name)
        case "array":
            items = _values(schema["items"], name)
            unique = schema.get(LIST_TYPE) == "set"
            return st.lists(items, min_size=schema.get("minItems", 0), max_size=3, unique=unique)
        case "integer":
            return st.integers(schema.get("minimum", 0), schema.get("maximum", 9))
        case "boolean":
            return st.booleans()
    if name == "storage.uri":
        return st.sampled_from(STORAGE_URIS)
    last = name.rpartition(".")[2]
    if last in WELL_FORMED:
        return st.sampled_from(WELL_FORMED[last])
    return st.text("abcü ", min_size=schema.get("minLength", 0), max_size=5)


def _objects(schema: dict[str, Any], name: str) -> st.SearchStrategy[dict[str, Any]]:
    if "properties" not in schema:
        entries = _values(schema["additionalProperties"], name) if "additionalProperties" in schema else JUNK
        return st.dictionaries(st.sampled_from(["cpu", "a.b/c"]), entries)
    required = schema.get("required", [])
    fields = {key: _values(child, f"{name.rpartition('.')[2]}.{key}") for key, child in schema["properties"].items()}
    return st.fixed_dictionaries(
        {key: value for key, value in fields.items() if key in required},
        optional={key: value for key, value in fields.items() if key not in required},
    )


def _faulty(draw: st.DrawFn) -> dict[str, Any]:
    manifest = deepcopy(draw(sound_manifests()))
    for _ in range(draw(st.integers(0, 3))):
        *parents, last = draw(st.sampled_from(_paths(manifest["spec"], ("spec",))))
        holder: Any = manifest
        for key in parents:
            holder = holder[key]
        kind = draw(st.sampled_from(["replace", "remove", "add", "repeat"]))
        if kind == "replace":
            holder[last] = draw(JUNK)
        elif kind == "remove":
            del holder[last]
        elif kind == "add" and isinstance(holder, dict):
            holder[draw(st.sampled_from(["unknown", "revision", "adapterRevision", "labels"]))] = draw(JUNK)
        elif isinstance(holder, list):
            holder.append(deepcopy(holder[last]))
        if "spec" not in manifest:
            break
    return manifest


def _paths(value: Any, path: Path) -> list[Path]:
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(deeper for key, child in children for deeper in _paths(child, (*path, key)))]
