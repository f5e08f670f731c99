"""spec.preparation: how the checkpoint becomes the artifact that is served."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from transformermodel_api.decimals import Positive, Score
from transformermodel_api.pods import NodeSelector, Resources, Toleration
from transformermodel_api.rules import ResourceType, Rule
from transformermodel_api.source import Location


class Format(StrEnum):
    """The form in which the weights are stored for serving."""

    Auto = "Auto"
    Pretrained = "Pretrained"
    TorchScript = "TorchScript"
    Exported = "Exported"
    ONNX = "ONNX"
    Neuron = "Neuron"
    NeuronX = "NeuronX"


class Engine(StrEnum):
    """What runs the model. Each form but Pretrained has one engine; Pretrained weights have two."""

    Auto = "Auto"
    Pretrained = "Pretrained"
    Packed = "Packed"


class Precision(StrEnum):
    """The arithmetic of the forward pass."""

    Auto = "Auto"
    Float32 = "Float32"
    BFloat16 = "BFloat16"
    Float16 = "Float16"
    Int8 = "Int8"


class Attention(StrEnum):
    """How attention is computed by the engines that leave it to PyTorch."""

    Auto = "Auto"
    SDPA = "SDPA"
    Eager = "Eager"


class DeviceMap(StrEnum):
    """How a model is laid over several devices."""

    Single = "Single"
    Auto = "Auto"
    Balanced = "Balanced"
    Sequential = "Sequential"


class CompileMode(StrEnum):
    """What torch.compile optimises for; its own names in CamelCase."""

    Default = "Default"
    ReduceOverhead = "ReduceOverhead"
    MaxAutotune = "MaxAutotune"


class Compile(ResourceType):
    """torch.compile of the Pretrained engine, done while the predictor starts: no request pays for it."""

    backend: Annotated[
        str, Field(min_length=1, max_length=64, description="Backend of torch.compile, such as inductor.")
    ] = "inductor"
    mode: Annotated[CompileMode, Field(description="Mode of torch.compile.")] = CompileMode.Default


class Generation(ResourceType):
    """How text is generated where a request does not say otherwise. Greedy unless sampled."""

    max_new_tokens: Annotated[
        int | None,
        Field(ge=1, le=1_000_000, description="Most tokens to generate per prompt; 20 when absent."),
    ] = None
    sample: Annotated[
        bool,
        Field(
            description="Whether to sample tokens instead of taking the likeliest. If not, temperature, topP and topK "
            "count only for requests that ask for sampling."
        ),
    ] = False
    temperature: Annotated[
        Positive | None, Field(description='Divisor of the logits before sampling, such as "0.7"; "1" when absent.')
    ] = None
    top_p: Annotated[
        Score | None,
        Field(description="Sample from the likeliest tokens with together this probability; all when absent."),
    ] = None
    top_k: Annotated[
        int | None,
        Field(ge=1, le=1_000_000, description="Sample from so many of the likeliest tokens; all when absent."),
    ] = None
    repetition_penalty: Annotated[
        Positive | None, Field(description='Above "1" makes tokens that have occurred less likely; "1" when absent.')
    ] = None
    stop: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=256)], ...] | None,
        Field(
            max_length=16,
            description="Texts at which generation ends; they are left out of the answer.",
            json_schema_extra={"x-kubernetes-list-type": "atomic"},
        ),
    ] = None
    return_full_text: Annotated[bool, Field(description="Whether the answer begins with the prompt.")] = False


class Parity(ResourceType):
    """What a candidate must prove to be served instead of the float32 reference."""

    tolerance: Annotated[
        Score | None,
        Field(
            description='Largest difference of a probability from the reference, such as "0.01"; by precision when '
            "absent."
        ),
    ] = None
    samples_uri: Annotated[
        Location | None,
        Field(
            description="Samples of your own, at a uri like source.uri: a folder with samples.jsonl, or such a file, "
            "with one JSON object of the task's inputs per line."
        ),
    ] = None


class Preparation(ResourceType):
    """How the checkpoint becomes the artifact that is served."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(self.format) || !(self.format in ['Neuron', 'NeuronX']) || has(self.batchSize)",
            "batchSize is required for the formats Neuron and NeuronX, whose models take batches of one size",
            field=".batchSize",
        ),
        Rule(
            "!has(self.engine) || self.engine == 'Auto' || !has(self.format) || self.format in ['Auto', 'Pretrained']",
            "engine is only for the formats Auto and Pretrained; each other format has one engine of its own",
            field=".engine",
        ),
        Rule(
            "!has(self.numLabels) || !has(self.labels) || self.labels.size() == self.numLabels",
            "numLabels differs from the number of labels; remove it or name as many labels",
            field=".numLabels",
        ),
    )

    format: Annotated[
        Format,
        Field(
            description="Form of the artifact: Auto (the fastest whose answers match the original), Pretrained "
            "(safetensors), TorchScript (traced), Exported (torch.export and AOTInductor), ONNX, Neuron or NeuronX."
        ),
    ] = Format.Auto
    engine: Annotated[
        Engine,
        Field(description="What runs Pretrained weights: Auto, Pretrained (transformers) or Packed (without padding)."),
    ] = Engine.Auto
    precision: Annotated[
        Precision,
        Field(
            description="Precision of the forward pass: Auto (the fastest whose answers match), Float32, BFloat16, "
            "Float16 or Int8."
        ),
    ] = Precision.Auto
    max_length: Annotated[
        int | None,
        Field(ge=4, le=1_000_000, description="Longest input in tokens; the model's own limit when absent."),
    ] = None
    do_lower_case: Annotated[
        bool | None,
        Field(description="Whether the tokenizer lower-cases text; as the checkpoint says when absent."),
    ] = None
    labels: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=256)], ...] | None,
        Field(
            min_length=1,
            max_length=1024,
            description="Names of the classes in the order of the logits; as the checkpoint says when absent.",
            json_schema_extra={"x-kubernetes-list-type": "set"},
        ),
    ] = None
    num_labels: Annotated[
        int | None,
        Field(ge=1, le=1024, description="Number of classes, if they have no names; from labels when absent."),
    ] = None
    batch_size: Annotated[
        int | None,
        Field(ge=1, le=4096, description="Rows of every batch. Required for Neuron and NeuronX, and only for them."),
    ] = None
    generation: Annotated[
        Generation | None, Field(description="How text is generated where a request does not say otherwise.")
    ] = None
    compile: Annotated[
        Compile | None, Field(description="Compile the Pretrained engine with torch.compile at start.")
    ] = None
    device_map: Annotated[
        DeviceMap, Field(description="How the model is spread over several devices; Single uses one of them.")
    ] = DeviceMap.Single
    attention: Annotated[
        Attention, Field(description="How attention is computed: Auto (SDPA where the model has it), SDPA or Eager.")
    ] = Attention.Auto
    parity: Annotated[
        Parity | None, Field(description="What a candidate must prove to be served instead of the reference.")
    ] = None
    deadline_seconds: Annotated[
        int, Field(ge=1, le=604_800, description="How long a preparation may take before it is stopped as failed.")
    ] = 3600
    ttl_seconds_after_finished: Annotated[
        int, Field(ge=0, le=31_536_000, description="How long the finished Job and its log are kept.")
    ] = 86_400
    service_account_name: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=253,
            description="ServiceAccount of the pods that prepare, check sources and remove artifacts, such as one that "
            "a cloud lets into its storage, or that may pull images; the namespace's default when absent.",
        ),
    ] = None
    resources: Annotated[
        Resources | None, Field(description="Compute resources of the Job; the operator's defaults when absent.")
    ] = None
    node_selector: Annotated[
        NodeSelector | None, Field(description="Labels of the nodes on which the Job may run.")
    ] = None
    tolerations: Annotated[
        tuple[Toleration, ...] | None,
        Field(
            max_length=64,
            description="Taints that the Job tolerates.",
            json_schema_extra={"x-kubernetes-list-type": "atomic"},
        ),
    ] = None
