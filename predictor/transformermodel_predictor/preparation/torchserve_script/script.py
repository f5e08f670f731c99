"""The configuration of TorchServe's preparation script, and the equivalent TransformerModel. Pure.

The script's `setup_config.json` is an object; newer versions of it read the section `handler` of `model-config.yaml`.
Numbers may be in quotes in both.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from transformermodel_api import API_VERSION, KIND
from transformermodel_predictor.artifact.compilation import PT2, Compilation, read_pt2
from transformermodel_predictor.artifact.sections import Section
from transformermodel_predictor.torchserve.hub_name import uri_of

SETUP_FILE = "setup_config.json"

_TASKS = {
    "sequence_classification": "SequenceClassification",
    "token_classification": "TokenClassification",
    "question_answering": "QuestionAnswering",
    "text_generation": "TextGeneration",
}
_WITH_LABELS = ("SequenceClassification", "TokenClassification")
_FORMATS = {
    ("pretrained", ""): "Pretrained",
    ("torchscript", ""): "TorchScript",
    ("torchscript", "neuron"): "Neuron",
    ("torchscript", "neuronx"): "NeuronX",
}
_COMPILE_MODES = {
    "default": "Default",
    "reduce-overhead": "ReduceOverhead",
    "max-autotune": "MaxAutotune",
    "max-autotune-no-cudagraphs": "MaxAutotune",
}
_WITHOUT_MEANING = {
    "captum_explanation": "every task can be explained, there is nothing to prepare",
    "embedding_name": "the embeddings are found in the model itself",
    "FasterTransformer": "it is no longer there",
    "framework": "it is PyTorch",
}
_OTHER = frozenset(
    {
        "BetterTransformer",
        "batch_size",
        "do_lower_case",
        "hardware",
        "max_length",
        "mode",
        "model_name",
        "model_parallel",
        "num_labels",
        "save_mode",
    }
)
_LONGEST_NAME = 40
_PRETRAINED = "pretrained"


@dataclass(frozen=True)
class DownloaderConfiguration:
    """The script's settings; None for absent ones.

    Attributes:
        compile: arguments of torch.compile, from the section `pt2` of model-config.yaml.
        notes: settings that have no meaning here or that nobody knows, a sentence each.
    """

    model_name: str | None = None
    mode: str | None = None
    num_labels: int | None = None
    do_lower_case: bool | None = None
    save_mode: str | None = None
    max_length: int | None = None
    hardware: str | None = None
    batch_size: int | None = None
    better_transformer: bool = False
    model_parallel: bool = False
    compile: Compilation | None = None
    notes: tuple[str, ...] = ()


def read_downloader_configuration(text: str) -> DownloaderConfiguration:
    """Read setup_config.json or model-config.yaml.

    Raises:
        ValueError: it is neither JSON nor YAML, or a value has the wrong type; the message names its key.
    """
    try:
        document = yaml.safe_load(text)  # JSON is YAML
    except yaml.YAMLError as error:
        raise ValueError(f"it is neither JSON nor YAML ({str(error).splitlines()[0]})") from error
    if not isinstance(document, Mapping):
        raise ValueError("it is not an object")  # noqa: TRY004 - the file is wrong, not an argument
    named = "handler" in document
    section = Section.of("handler" if named else SETUP_FILE, document["handler"] if named else document)
    pt2 = read_pt2(document.get("pt2")) if named else PT2()
    return DownloaderConfiguration(
        model_name=section.text("model_name", "") or None,
        mode=section.text("mode", "") or None,
        num_labels=section.whole("num_labels"),
        do_lower_case=section.flag("do_lower_case") if "do_lower_case" in section else None,
        save_mode=section.text("save_mode", "") or None,
        max_length=section.whole("max_length"),
        hardware=section.text("hardware", "") or None,
        batch_size=section.whole("batch_size"),
        better_transformer=section.flag("BetterTransformer"),
        model_parallel=section.flag("model_parallel"),
        compile=pt2.compile,
        notes=(*_notes(section), *_notes_on(pt2, section.text("save_mode", "") or _PRETRAINED)),
    )


def equivalent_model(configuration: DownloaderConfiguration, labels: Sequence[str] | None) -> dict[str, Any]:
    """The TransformerModel, as a document, equivalent to a run of the script.

    Args:
        configuration: what the script is told.
        labels: names of the classes from index_to_name.json, if there is one.

    Raises:
        ValueError: something is missing without which nothing can be prepared, or is not known.
    """
    name = _required(configuration.model_name, "model_name")
    task = _known(_required(configuration.mode, "mode"), _TASKS, "mode")
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {"name": _resource_name(name)},
        "spec": {
            "task": task,
            "source": {"uri": uri_of(name)},
            "preparation": _preparation(configuration, labels, has_labels=task in _WITH_LABELS),
        },
    }


def _preparation(
    configuration: DownloaderConfiguration, labels: Sequence[str] | None, *, has_labels: bool
) -> dict[str, Any]:
    hardware = configuration.hardware or ""
    format_ = _FORMATS.get((configuration.save_mode or _PRETRAINED, hardware if hardware.startswith("neuron") else ""))
    if format_ is None:
        raise ValueError(f"save_mode {configuration.save_mode!r} with hardware {hardware!r} is not known")
    neuron = format_ in ("Neuron", "NeuronX")
    wanted = {
        "format": format_,
        "maxLength": configuration.max_length,
        "doLowerCase": configuration.do_lower_case,
        "labels": list(labels) if labels and has_labels else None,
        "numLabels": configuration.num_labels or None if has_labels and not labels else None,
        "batchSize": (configuration.batch_size or 1) if neuron else None,
        "attention": "SDPA" if configuration.better_transformer else None,
        "compile": compile_field(configuration.compile) if format_ == "Pretrained" else None,
        "deviceMap": "Auto" if configuration.model_parallel else None,
    }
    return {key: value for key, value in wanted.items() if value is not None}


def _notes(section: Section) -> list[str]:
    without = [
        f"{key} has no meaning here: {reason}." for key, reason in _WITHOUT_MEANING.items() if key in section.values
    ]
    unknown = sorted(str(key) for key in section.values if key not in _OTHER and key not in _WITHOUT_MEANING)
    return without + [f"{key} is not known and was ignored." for key in unknown]


def _notes_on(pt2: PT2, save_mode: str) -> Iterator[str]:
    if pt2.compile and save_mode != _PRETRAINED:
        yield f"pt2.compile has no meaning here: save_mode is {save_mode}, and only pretrained models are compiled."
    elif pt2.compile and pt2.compile.mode == "max-autotune-no-cudagraphs":
        yield "pt2.compile.mode max-autotune-no-cudagraphs is not known to a TransformerModel: it is MaxAutotune there."
    if pt2.export:
        yield "pt2.export was ignored: set spec.preparation.format to Exported if that is wanted."


def compile_field(wanted: Compilation | None) -> dict[str, str] | None:
    """The equivalent spec.preparation.compile."""
    return None if wanted is None else {"backend": wanted.backend, "mode": _COMPILE_MODES[wanted.mode]}


def _required(value: str | None, key: str) -> str:
    if value is None:
        raise ValueError(f"{key} is missing")
    return value


def _known(value: str, table: Mapping[str, str], key: str) -> str:
    if value not in table:
        raise ValueError(f"{key} {value!r} is not known; there are {', '.join(table)}")
    return table[value]


def _resource_name(name: str) -> str:
    """A valid Kubernetes name: letters, digits and `-`, starting with a letter."""
    last = re.sub(r"[^a-z0-9]+", "-", name.rstrip("/").rpartition("/")[2].lower()).strip("-")
    return (last if last[:1].isalpha() else f"model-{last}")[:_LONGEST_NAME].strip("-")
