"""Manifests that must be refused, with the API server's own sentences: one table for both judges."""

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

Document = dict[str, Any]

SOUND: Document = {
    "apiVersion": "transformermodel.dev/v1alpha1",
    "kind": "TransformerModel",
    "metadata": {"name": "sentiment"},
    "spec": {"task": "SequenceClassification", "source": {"uri": "hf://org/name"}},
}

LOCATION = "must be hf://org/name, s3://, gs://, az://, https://, pvc:// or file:// and a path, or package://python.package/path"
STORAGE = "must be pvc://claim, s3://bucket, gs://bucket or az://container, and a path after it where wanted"
TASKS = '"SequenceClassification", "TokenClassification", "QuestionAnswering", "TextGeneration", "Custom"'
POSITIVE = 'must be a decimal greater than 0 in quotes, such as "0.7"'
SCORE = 'must be a decimal from 0 to 1 in quotes, such as "0.997"'
QUANTITY = "must be a Kubernetes quantity, such as 500m, 1.5 or 2Gi"
MOUNT_PATH = "must be an absolute path without ':', and not in /mnt/models or /scratch, which the serving runtime uses"
POD_METADATA = (
    "app, component and names of transformermodel.dev, serving.kserve.io and app.kubernetes.io are the operator's and "
    "KServe's; choose others"
)
CANARY = (
    'spec.rollout.canary: Invalid value: "object": a canary would get no requests: KServe 0.20 starts its pods, and no '
    "route that it makes splits traffic; remove canary and serve what is new as a second TransformerModel "
    "(docs/life.md#canaries)"
)
NAME = "metadata.name must be lower-case letters, digits and '-', start with a letter and not end with '-'"
SUBDOMAIN = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
QUALIFIED_NAME = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character "
    "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
LABEL = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
REMOVED = object()
"""Marks a field that is taken out of the sound manifest."""


@dataclass(frozen=True)
class WrongManifest:
    """A manifest and every sentence that refuses it."""

    name: str
    document: Document
    sentences: frozenset[str]


def changed(**changes: Any) -> Document:
    """The sound manifest with other fields: `source__uri=...` is spec.source.uri, `metadata__name=...` itself."""
    document = deepcopy(SOUND)
    for path, value in changes.items():
        *parents, last = path.split("__")
        place = document if parents and parents[0] == "metadata" else document["spec"]
        for name in parents:
            place = place.setdefault(name, {})
        if value is REMOVED:
            del place[last]
        else:
            place[last] = value
    return document


def _wrong(name: str, document: Document, *sentences: str) -> WrongManifest:
    return WrongManifest(name, document, frozenset(sentences))


def _test(**expect: Any) -> list[Document]:
    return [{"input": {"text": "Good."}, "expect": {"label": "POSITIVE", **expect}}]


_NAMES = (
    _wrong(
        "a name that is too long",
        changed(metadata__name="a" * 41),
        'metadata: Invalid value: "object": metadata.name must have at most 40 characters',
    ),
    _wrong(
        "a name with capitals",
        changed(metadata__name="Sentiment"),
        f'metadata.name: Invalid value: "Sentiment": {SUBDOMAIN}',
        f'metadata: Invalid value: "object": {NAME}',
    ),
    _wrong(
        "a name that no Service can have",
        changed(metadata__name="1.sentiment"),
        f'metadata: Invalid value: "object": {NAME}',
    ),
    _wrong(
        "no name",
        changed(metadata__name=REMOVED),
        "metadata.name: Required value: name or generateName is required",
    ),
    _wrong(
        "labels that are no labels",
        changed(metadata__labels={"a/b/c": "x", "team": "two words", "A/b": "x", "/b": "x", "a/": "x"}),
        f'metadata.labels: Invalid value: "a/b/c": a qualified name {QUALIFIED_NAME} with an optional DNS subdomain '
        "prefix and '/' (e.g. 'example.com/MyName')",
        f'metadata.labels: Invalid value: "two words": {LABEL}',
        f'metadata.labels: Invalid value: "A/b": prefix part {SUBDOMAIN}',
        'metadata.labels: Invalid value: "/b": prefix part must be non-empty',
        'metadata.labels: Invalid value: "a/": name part must be non-empty',
        f'metadata.labels: Invalid value: "a/": name part {QUALIFIED_NAME}',
    ),
    _wrong(
        "labels that are too long",
        changed(metadata__labels={"k" * 64: "v" * 64}),
        f'metadata.labels: Invalid value: "{"k" * 64}": name part must be no more than 63 characters',
        f'metadata.labels: Invalid value: "{"v" * 64}": must be no more than 63 characters',
    ),
    _wrong(
        "an annotation that is none",
        changed(metadata__annotations={"-": "x"}),
        f'metadata.annotations: Invalid value: "-": name part {QUALIFIED_NAME}',
    ),
    _wrong(
        "a label of the wrong type",
        changed(metadata__labels={"version": 2}),
        "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string",
    ),
    _wrong(
        "a name of the wrong type",
        changed(metadata__name=5),
        "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.name of type string",
    ),
)

_UNKNOWN = (
    _wrong("an unknown field", changed(labels=["a"]), 'unknown field "spec.labels"'),
    _wrong(
        "unknown fields at every depth",
        {
            **changed(preparation__bar=2, preparation__resources__memory="2Gi", metadata__title="x", tests=_test(at=1)),
            "extra": 1,
        },
        'unknown field "extra"',
        'unknown field "metadata.title"',
        'unknown field "spec.preparation.bar"',
        'unknown field "spec.preparation.resources.memory"',
        'unknown field "spec.tests[0].expect.at"',
    ),
)

_STRUCTURE = (
    _wrong(
        "an unknown task",
        changed(task="Sentiment"),
        'spec.task: Unsupported value: "Sentiment": supported values: ' + TASKS,
    ),
    _wrong(
        "an unknown format",
        changed(preparation__format="onnx"),
        'spec.preparation.format: Unsupported value: "onnx": supported values: "Auto", '
        '"Pretrained", "TorchScript", "Exported", "ONNX", "Neuron", "NeuronX"',
    ),
    _wrong("no spec", {key: value for key, value in SOUND.items() if key != "spec"}, "spec: Required value"),
    _wrong("no task", changed(task=REMOVED), "spec.task: Required value"),
    _wrong("no source", changed(source=REMOVED), "spec.source: Required value"),
    _wrong("a source without its uri", changed(source={}), "spec.source.uri: Required value"),
    _wrong("a uri that is null", changed(source__uri=None), "spec.source.uri: Required value"),
    _wrong(
        "an empty uri",
        changed(source__uri=""),
        'spec.source.uri: Invalid value: "": spec.source.uri in body should be at least 1 chars long',
        f'spec.source.uri: Invalid value: "string": {LOCATION}',
    ),
    _wrong(
        "a uri that is too long",
        changed(source__uri="file://" + "x" * 1024),
        "spec.source.uri: Too long: may not be more than 1024 bytes",
    ),
    _wrong(
        "a secret without its name",
        changed(source__secretRef={}),
        "spec.source.secretRef.name: Required value",
    ),
    _wrong(
        "text where an integer belongs",
        changed(preparation__maxLength="128"),
        'spec.preparation.maxLength: Invalid value: "string": spec.preparation.maxLength in body must be of type '
        'integer: "string"',
    ),
    _wrong(
        "text where a boolean belongs",
        changed(suspend="yes"),
        'spec.suspend: Invalid value: "string": spec.suspend in body must be of type boolean: "string"',
    ),
    _wrong(
        "text where an object belongs",
        changed(source="hf://org/name"),
        'spec.source: Invalid value: "string": spec.source in body must be of type object: "string"',
    ),
    _wrong(
        "text where a list belongs",
        changed(preparation__labels="POSITIVE"),
        'spec.preparation.labels: Invalid value: "string": spec.preparation.labels in body must be of type array: '
        '"string"',
    ),
    _wrong(
        "a number where text belongs",
        changed(tests=_test(score=0.99)),
        'spec.tests[0].expect.score: Invalid value: "number": spec.tests[0].expect.score in body must be of type '
        'string: "number"',
    ),
    _wrong(
        "numbers where an enumeration and text belong",
        changed(task=5, source__uri=7),
        'spec.task: Invalid value: "integer": spec.task in body must be of type string: "integer"',
        "spec.task: Unsupported value: 5: supported values: " + TASKS,
        'spec.source.uri: Invalid value: "integer": spec.source.uri in body must be of type string: "integer"',
    ),
    _wrong(
        "a node selector of the wrong type",
        changed(predictor__nodeSelector={"gpu": True}),
        'spec.predictor.nodeSelector.gpu: Invalid value: "boolean": spec.predictor.nodeSelector.gpu in body must be '
        'of type string: "boolean"',
    ),
    _wrong(
        "a length that is too small",
        changed(preparation__maxLength=3),
        "spec.preparation.maxLength: Invalid value: 3: spec.preparation.maxLength in body should be greater than or "
        "equal to 4",
    ),
    _wrong(
        "a deadline that is too late",
        changed(preparation__deadlineSeconds=604801),
        "spec.preparation.deadlineSeconds: Invalid value: 604801: spec.preparation.deadlineSeconds in body should be "
        "less than or equal to 604800",
    ),
    _wrong(
        "a fraction where an integer belongs",
        changed(preparation__maxLength=1234567.5),
        'spec.preparation.maxLength: Invalid value: "number": spec.preparation.maxLength in body must be of type '
        'integer: "number"',
        "spec.preparation.maxLength: Invalid value: 1.2345675e+06: spec.preparation.maxLength in body should be less "
        "than or equal to 1e+06",
    ),
    _wrong(
        "an autoscaler that would start from no replica",
        changed(predictor={"minReplicas": 0, "maxReplicas": 3}),
        'spec.predictor.minReplicas: Invalid value: "object": minReplicas must be at least 1 where maxReplicas is set: '
        "an autoscaler cannot start from no replica; remove maxReplicas to switch the model off by hand",
    ),
    _wrong(
        "fewer replicas at most than at least",
        changed(predictor={"minReplicas": 3, "maxReplicas": 2}),
        'spec.predictor.maxReplicas: Invalid value: "object": maxReplicas must not be less than minReplicas',
    ),
    _wrong(
        "what an autoscaler looks at, without one",
        changed(predictor={"scaleMetric": "CPU", "scaleTarget": 50}),
        'spec.predictor.scaleMetric: Invalid value: "object": scaleMetric needs maxReplicas: without it the number of '
        "replicas stays what minReplicas says",
        'spec.predictor.scaleTarget: Invalid value: "object": scaleTarget needs maxReplicas: without it the number of '
        "replicas stays what minReplicas says",
    ),
    _wrong(
        "variables that are the serving runtime's, or say their value twice, or not at all",
        changed(
            predictor__env=[
                {"name": "HOME", "value": "/root"},
                {"name": "A", "value": "1", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
                {"name": "B", "valueFrom": {}},
                {"name": "2C"},
            ]
        ),
        'spec.predictor.env[0].name: Invalid value: "string": PYTHONPATH, HOME and TMPDIR are the serving runtime\'s; '
        "choose another name",
        'spec.predictor.env[1]: Invalid value: "object": give value or valueFrom, not both',
        'spec.predictor.env[2].valueFrom: Invalid value: "object": give one of secretKeyRef, configMapKeyRef and '
        "fieldRef",
        "spec.predictor.env[3].name: Invalid value: \"string\": must be letters, digits and '_', and not start with a "
        "digit",
    ),
    _wrong(
        "volumes that are the serving runtime's, come from nowhere or two places, or hide the model",
        changed(
            predictor={
                "volumes": [
                    {"name": "scratch", "emptyDir": {}},
                    {"name": "a"},
                    {"name": "b", "emptyDir": {}, "secret": {"secretName": "s"}},
                ],
                "volumeMounts": [{"name": "c", "mountPath": "/mnt/models"}, {"name": "a", "mountPath": "data"}],
            }
        ),
        'spec.predictor.volumes[0].name: Invalid value: "string": scratch and names that start with kserve- are the '
        "serving runtime's; choose another name",
        'spec.predictor.volumes[1]: Invalid value: "object": give one of configMap, secret, persistentVolumeClaim and '
        "emptyDir",
        'spec.predictor.volumes[2]: Invalid value: "object": give one of configMap, secret, persistentVolumeClaim and '
        "emptyDir",
        'spec.predictor.volumeMounts: Invalid value: "object": each of volumeMounts must name one of volumes',
        f'spec.predictor.volumeMounts[0].mountPath: Invalid value: "string": {MOUNT_PATH}',
        f'spec.predictor.volumeMounts[1].mountPath: Invalid value: "string": {MOUNT_PATH}',
    ),
    _wrong(
        "labels and annotations that are the operator's or KServe's",
        changed(predictor={"labels": {"app": "mine"}, "annotations": {"transformermodel.dev/revision": "mine"}}),
        f'spec.predictor.labels: Invalid value: "object": {POD_METADATA}',
        f'spec.predictor.annotations: Invalid value: "object": {POD_METADATA}',
    ),
    _wrong(
        "a negative number of replicas",
        changed(predictor__minReplicas=-1),
        "spec.predictor.minReplicas: Invalid value: -1: spec.predictor.minReplicas in body should be greater than or "
        "equal to 0",
        ".spec.predictor.minReplicas: Invalid value: -1: should be a non-negative integer",
    ),
    _wrong(
        "a number of replicas of the wrong type",
        changed(predictor__minReplicas=["two", 1.5, None, True]),
        'spec.predictor.minReplicas: Invalid value: "array": spec.predictor.minReplicas in body must be of type '
        'integer: "array"',
        ".spec.predictor.minReplicas: Invalid value: 0: .spec.predictor.minReplicas accessor error: "
        "[two 1.5 <nil> true] is of the type []interface {}, expected int64",
    ),
    _wrong(
        "a negative quantity",
        changed(predictor__resources={"requests": {"cpu": -1, "memory": True}}),
        "spec.predictor.resources.requests.cpu: Invalid value: -1: spec.predictor.resources.requests.cpu in body "
        "should be greater than or equal to 0",
        'spec.predictor.resources.requests.memory: Invalid value: "boolean": spec.predictor.resources.requests.memory '
        'in body must be of type integer,string: "boolean"',
    ),
    _wrong(
        "the same label twice",
        changed(preparation__labels=["POSITIVE", "NEGATIVE", "POSITIVE", "POSITIVE"]),
        'spec.preparation.labels[2]: Duplicate value: "POSITIVE"',
    ),
    _wrong(
        "no labels",
        changed(preparation__labels=[]),
        "spec.preparation.labels: Invalid value: 0: spec.preparation.labels in body should have at least 1 items",
    ),
    _wrong(
        "too many tests",
        changed(tests=_test() * 101),
        "spec.tests: Too many: 101: must have at most 100 items",
    ),
)

_RULES = (
    _wrong(
        "a bare model name as uri",
        changed(source__uri="distilbert/distilbert-base-uncased"),
        f'spec.source.uri: Invalid value: "string": {LOCATION}',
    ),
    _wrong(
        "an adapter from somewhere else",
        changed(source__adapterUri="ftp://host/adapter"),
        f'spec.source.adapterUri: Invalid value: "string": {LOCATION}',
    ),
    _wrong(
        "a revision of a folder",
        changed(source={"uri": "file://folder", "revision": "main"}),
        'spec.source.revision: Invalid value: "object": revision is only for hf:// uris; remove it or use an hf:// uri',
    ),
    _wrong(
        "an adapter's revision without an adapter",
        changed(source__adapterRevision="main"),
        'spec.source.adapterRevision: Invalid value: "object": adapterRevision is only for an hf:// adapterUri; remove '
        "it or use an hf:// adapterUri",
    ),
    _wrong(
        "scores that are no probabilities",
        changed(tests=[*_test(score="99%"), *_test(score="1.01"), *_test(score="0.5")]),
        *(
            f'spec.tests[{index}].expect.score: Invalid value: "string": must be a decimal from 0 to 1 in quotes, such '
            'as "0.997"'
            for index in (0, 1)
        ),
    ),
    _wrong(
        "a test that expects nothing",
        changed(tests=[{"input": {"text": "Good."}, "expect": {"score": "0.5"}}]),
        'spec.tests[0].expect: Invalid value: "object": must say what is expected: label, entities, answer or '
        "generatedText",
    ),
    _wrong(
        "Neuron without a batch size",
        changed(preparation__format="NeuronX"),
        'spec.preparation.batchSize: Invalid value: "object": batchSize is required for the formats Neuron and '
        "NeuronX, whose models take batches of one size",
    ),
    _wrong(
        "an engine for a format that has its own",
        changed(preparation={"format": "ONNX", "engine": "Packed"}),
        'spec.preparation.engine: Invalid value: "object": engine is only for the formats Auto and Pretrained; each '
        "other format has one engine of its own",
    ),
    _wrong(
        "another number of labels than are named",
        changed(preparation={"labels": ["A", "B"], "numLabels": 3}),
        'spec.preparation.numLabels: Invalid value: "object": numLabels differs from the number of labels; remove it '
        "or name as many labels",
    ),
    _wrong(
        "an archive's code that nobody has allowed, and what only models of ours have",
        changed(
            task="Custom",
            source={"uri": "s3://bucket/x.mar", "adapterUri": "s3://bucket/adapter"},
            preparation={"format": "ONNX", "maxLength": 128},
            predictor={"batching": {"maxTokens": 512}, "explanations": {"steps": 8}},
            tests=[{"input": {"text": "a"}, "expect": {"label": "b", "score": "0.5"}}],
        ),
        'spec.source.trustRemoteCode: Invalid value: "object": trustRemoteCode must be Allowed for the task Custom, '
        "which runs the archive's own code",
        'spec.source.adapterUri: Invalid value: "object": adapterUri is not for the task Custom, whose handler loads '
        "the model itself; remove it",
        'spec.preparation: Invalid value: "object": of preparation only deadlineSeconds, ttlSecondsAfterFinished, '
        "serviceAccountName, resources, nodeSelector and tolerations are for the task Custom, whose handler decides "
        "the rest; remove the others",
        'spec.predictor.batching.maxTokens: Invalid value: "object": maxTokens is not for the task Custom, whose '
        "requests are not tokens; use maxBatchSize",
        'spec.predictor.explanations: Invalid value: "object": explanations are the handler\'s own for the task '
        "Custom; remove them",
        'spec.tests: Invalid value: "object": tests of the task Custom expect a reply: say it as label or answer, or '
        "how it begins as generatedText",
    ),
    _wrong(
        "what only the task Custom has",
        changed(source__requirements="Installed", predictor__workers={"min": 2, "max": 1}),
        'spec.source.requirements: Invalid value: "object": requirements are only for the task Custom; remove them',
        'spec.predictor.workers: Invalid value: "object": workers are only for the task Custom; remove them',
        'spec.predictor.workers.max: Invalid value: "object": max must not be less than min',
    ),
    _wrong("a canary by a share", changed(rollout__canary={"trafficPercent": 10}), CANARY),
    _wrong("a canary in steps", changed(rollout__canary={"steps": [{"weight": 1.5, "pause": None}, 5]}), CANARY),
    _wrong("a canary of nothing", changed(rollout__canary={}), CANARY),
    _wrong(
        "generation by a classifier",
        changed(preparation__generation={"topK": 5}),
        'spec.preparation.generation: Invalid value: "object": generation is only for the task TextGeneration; remove '
        "it",
    ),
    _wrong(
        "temperatures that are none",
        changed(task="TextGeneration", preparation__generation={"temperature": "0.0", "repetitionPenalty": "-1"}),
        f'spec.preparation.generation.temperature: Invalid value: "string": {POSITIVE}',
        f'spec.preparation.generation.repetitionPenalty: Invalid value: "string": {POSITIVE}',
    ),
    _wrong(
        "explanations that contradict themselves",
        changed(
            predictor__explanations={
                "method": "Lime",
                "baseline": "Zero",
                "steps": 600,
                "maxSteps": 500,
                "samples": 20,
                "tolerance": "2 %",
                "limits": {"steps": 400, "samples": 10},
            }
        ),
        'spec.predictor.explanations.steps: Invalid value: "object": steps must not be more than maxSteps, to which '
        "they grow, and not more than limits.steps",
        'spec.predictor.explanations.maxSteps: Invalid value: "object": maxSteps must not be more than limits.steps, '
        "which is 1000 when absent",
        'spec.predictor.explanations.samples: Invalid value: "object": samples must not be more than limits.samples, '
        "which is 1000 when absent",
        'spec.predictor.explanations.baseline: Invalid value: "object": baseline Zero is no token: methods that leave '
        "words out need Pad or Mask",
        f'spec.predictor.explanations.tolerance: Invalid value: "string": {SCORE}',
    ),
    _wrong(
        "zeros for generated text, with the method that it has by default",
        changed(task="TextGeneration", predictor__explanations__baseline="Zero"),
        'spec.predictor.explanations.baseline: Invalid value: "object": baseline Zero is no token: FeatureAblation, by '
        "which TextGeneration is explained unless method says otherwise, needs Pad or Mask; IntegratedGradients, "
        "InputXGradient and Saliency take Zero",
    ),
    _wrong(
        "more interpolation steps than limits allow",
        changed(predictor__explanations={"steps": 1001}),
        'spec.predictor.explanations.steps: Invalid value: "object": steps must not be more than maxSteps, to which '
        "they grow, and not more than limits.steps",
    ),
    _wrong(
        "interpolation steps that grow beyond what may be asked for",
        changed(predictor__explanations__maxSteps=2000),
        'spec.predictor.explanations.maxSteps: Invalid value: "object": maxSteps must not be more than limits.steps, '
        "which is 1000 when absent",
    ),
    _wrong(
        "storage that is no volume",
        changed(storage__uri="/mnt/models"),
        f'spec.storage.uri: Invalid value: "string": {STORAGE}',
    ),
    _wrong(
        "quantities that are none",
        changed(preparation__resources={"limits": {"memory": "2 GB"}, "requests": {"cpu": "half"}}),
        f'spec.preparation.resources.limits[memory]: Invalid value: "": {QUANTITY}',
        f'spec.preparation.resources.requests[cpu]: Invalid value: "": {QUANTITY}',
    ),
)

_SEVERAL = (
    _wrong(
        "several rules at once",
        changed(source={"uri": "folder", "revision": "main"}, storage__uri="s3:/bucket", preparation__maxLength=1),
        f'spec.source.uri: Invalid value: "string": {LOCATION}',
        'spec.source.revision: Invalid value: "object": revision is only for hf:// uris; remove it or use an hf:// uri',
        f'spec.storage.uri: Invalid value: "string": {STORAGE}',
        "spec.preparation.maxLength: Invalid value: 1: spec.preparation.maxLength in body should be greater than or "
        "equal to 4",
    ),
    _wrong(
        "structure before rules",
        changed(task="Sentiment", source__uri="folder", predictor__tolerations=[{"effect": "Never"}, 5]),
        'spec.task: Unsupported value: "Sentiment": supported values: ' + TASKS,
        'spec.predictor.tolerations[0].effect: Unsupported value: "Never": supported values: "NoSchedule", '
        '"PreferNoSchedule", "NoExecute"',
        'spec.predictor.tolerations[1]: Invalid value: "integer": spec.predictor.tolerations[1] in body must be of '
        'type object: "integer"',
    ),
)

WRONG_MANIFESTS = (*_NAMES, *_UNKNOWN, *_STRUCTURE, *_RULES, *_SEVERAL)
