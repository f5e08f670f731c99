"""From an archive to a model that answers as the ancestor's handler did."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from transformermodel_api.errors import PreparationFailed, UserError
from transformermodel_api.failures import FailureReason
from transformermodel_api.preparation import Attention, DeviceMap
from transformermodel_api.spec import TaskName
from transformermodel_predictor.artifact.configuration import ModelConfiguration
from transformermodel_predictor.artifact.labels import LABELS_FILE, read_labels
from transformermodel_predictor.engines.compiled import unsupported
from transformermodel_predictor.engines.pretrained import PretrainedEngine
from transformermodel_predictor.preparation.checkpoint import read_checkpoint
from transformermodel_predictor.preparation.labels import choose_labels
from transformermodel_predictor.preparation.limits import model_limit
from transformermodel_predictor.preparation.tokenizer import lower_cases
from transformermodel_predictor.preparation.weights import load_weights, require_all_weights
from transformermodel_predictor.pretrained import load_pretrained_tokenizer, one_line
from transformermodel_predictor.tasks.catalogue import TaskConfiguration, make_task, task_of_mode, task_type
from transformermodel_predictor.tasks.text_generation import TextGeneration
from transformermodel_predictor.torchserve.ancestor.answering import Answering
from transformermodel_predictor.torchserve.ancestor.completing import completed
from transformermodel_predictor.torchserve.ancestor.encoders import EncoderAnswering
from transformermodel_predictor.torchserve.ancestor.generators import GeneratorAnswering
from transformermodel_predictor.torchserve.ancestor.graphs import load_graph_model
from transformermodel_predictor.torchserve.ancestor.setup import Setup
from transformermodel_predictor.torchserve.older_transformers.empty_tokenizers import is_empty

_log = logging.getLogger(__name__)

PRETRAINED, TORCHSCRIPT = "pretrained", "torchscript"
_SHORTEST_LIMIT = 2


@dataclass(frozen=True)
class Archived:
    """The parts of an archive that a model is loaded from.

    Attributes:
        folder: the archive's.
        name: the model's, for messages.
        serialized: the file with the weights, where the manifest names it.
    """

    folder: Path
    name: str
    serialized: str | None = None


@dataclass(frozen=True)
class Loaded:
    """A model in memory.

    Attributes:
        answering: the model with its task.
        module: what handlers see as `self.model`: transformers' class, compiled where that is wanted, or the graph.
        labels: names of the classes in the order of the logits; none for tasks without.
        length: tokens of every row, for a graph that takes no other; None where it does not matter.
    """

    answering: Answering
    module: Any
    labels: tuple[str, ...]
    length: int | None = None


def load_archived(archived: Archived, setup: Setup, device: torch.device) -> Loaded:
    """Load what an archive holds; what it lacks comes from its `model_name`.

    Raises:
        UserError: it cannot be loaded; the message says why, in one line.
    """
    try:
        return _load(archived, setup, device)
    except PreparationFailed as error:  # whose remedies are those of a preparation, which there is none of
        raise UserError(error.message) from error


def _load(archived: Archived, setup: Setup, device: torch.device) -> Loaded:
    configuration = setup.configuration
    task = task_of_mode(configuration.mode)
    if configuration.save_mode not in (PRETRAINED, TORCHSCRIPT):
        raise unsupported(
            f"handler.save_mode {configuration.save_mode!r} is not known; there are {PRETRAINED} and {TORCHSCRIPT}."
        )
    traced = configuration.save_mode == TORCHSCRIPT
    if traced and task is TaskName.TextGeneration:
        raise unsupported(
            f"the archive {archived.name!r} holds a traced graph (save_mode {TORCHSCRIPT}), which cannot generate "
            f"text: pack the model as it is, with save_mode {PRETRAINED}."
        )
    with completed(
        archived.folder, archived.name, configuration.model_name, archived.serialized, configured=not traced
    ) as folder:
        tokenizer = _load_tokenizer(folder, archived.name, setup)
        labels = _labels(archived.folder, task)
        if traced:
            graph = load_graph_model(folder, archived.serialized, task, tokenizer, configuration, device, labels)
            answering = EncoderAnswering(graph.task, tokenizer, graph.engine)
            return Loaded(answering, graph.module, graph.task.labels, graph.length)
        return _load_pretrained(folder, archived.name, task, tokenizer, configuration, device, labels)


def _load_pretrained(
    folder: Path,
    name: str,
    task_name: TaskName,
    tokenizer: PreTrainedTokenizerBase,
    configuration: ModelConfiguration,
    device: torch.device,
    labels: tuple[str, ...] | None,
) -> Loaded:
    kind, origin = task_type(task_name), f"the archive {name!r}"
    checkpoint = read_checkpoint(folder, origin, kind.auto_class, trusted=configuration.trust_remote_code)
    known = getattr(checkpoint.configuration, "id2label", None)
    chosen = choose_labels(labels, known, configuration.num_labels or None) if kind.has_labels else ()
    loaded = load_weights(checkpoint, kind.auto_class, chosen)
    require_all_weights(loaded, origin)
    model = _placed(loaded.model, configuration, device)
    limit = _limit(configuration.max_length, model_limit(model), name)
    task = make_task(task_name, _task_configuration(configuration, chosen, limit))
    task.require_fit(model.config)
    if isinstance(task, TextGeneration):
        if configuration.pt2.compile is not None:
            _log.warning("%s is not compiled: text is generated with shapes that change at every step", name)
        return Loaded(GeneratorAnswering(task, tokenizer, model), model, ())
    engine = PretrainedEngine(model)
    answering = EncoderAnswering(task, tokenizer, engine, model)
    if configuration.pt2.compile is not None:
        engine.compile(configuration.pt2.compile)
        _warm_up(answering)
    return Loaded(answering, model, chosen)


def _task_configuration(configuration: ModelConfiguration, labels: tuple[str, ...], limit: int) -> TaskConfiguration:
    made = TaskConfiguration.of(configuration, labels)
    return TaskConfiguration(made.labels, limit, made.multi_label, made.generation)


def _placed(model: PreTrainedModel, configuration: ModelConfiguration, device: torch.device) -> PreTrainedModel:
    """The model with the attention and on the devices that are wanted."""
    if configuration.attention is not Attention.Auto:
        try:
            model.set_attn_implementation(configuration.attention.value.lower())
        except ValueError as error:
            _log.warning("the model keeps its own attention: %s", one_line(error))
    if configuration.better_transformer:
        _log.warning("handler.BetterTransformer: transformers' own SDPA attention takes its place")
    if configuration.device_map is not DeviceMap.Single and torch.cuda.device_count() > 1:
        from accelerate import dispatch_model, infer_auto_device_map

        blocks = sorted(getattr(model, "_no_split_modules", None) or ())
        dispatched: PreTrainedModel = dispatch_model(
            model, infer_auto_device_map(model, no_split_module_classes=blocks)
        )
        return dispatched
    torch.nn.Module.to(model, device)  # transformers' own `to` has no types
    return model


def _limit(wanted: int, positions: int | None, name: str) -> int:
    """The longest input. More than the model has positions for would end in an exception at a long text."""
    if wanted < _SHORTEST_LIMIT:
        raise PreparationFailed(
            FailureReason.UnsupportedForm,
            f"handler.max_length {wanted} leaves no room for a text: set it to 2 or more.",
        )
    if positions is None or wanted <= positions:
        return wanted
    _log.warning("%s has positions for %s tokens; handler.max_length %s is taken for that", name, positions, wanted)
    return positions


def _load_tokenizer(folder: Path, name: str, setup: Setup) -> PreTrainedTokenizerBase:
    """The tokenizer, with a token to pad with.

    Raises:
        PreparationFailed: it cannot be read, or knows no words.
    """
    wishes = {} if setup.lower_case is None else {"do_lower_case": setup.lower_case}
    trusted = setup.configuration.trust_remote_code
    try:
        tokenizer = load_pretrained_tokenizer(folder, trust_remote_code=trusted, **wishes)
    except MemoryError:
        raise
    except Exception as error:  # which one is up to the tokenizer
        raise _unusable(name, f"its tokenizer cannot be loaded ({one_line(error)})") from error
    if is_empty(tokenizer):
        raise _unusable(name, "its tokenizer has no words: add the files of its tokenizer, such as tokenizer.json")
    if setup.lower_case and not lower_cases(tokenizer):
        _log.warning("%s: the tokenizer cannot lower-case text, whatever handler.do_lower_case says", name)
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token
    return tokenizer


def _unusable(name: str, why: str) -> PreparationFailed:
    return PreparationFailed(FailureReason.UnsupportedSource, f"the archive {name!r} cannot be served: {why}.")


def _labels(folder: Path, task: TaskName) -> tuple[str, ...] | None:
    """The names of the classes in index_to_name.json; None where nobody names them.

    Raises:
        PreparationFailed: the file is not what the ancestor wants.
    """
    file = folder / LABELS_FILE
    if not task_type(task).has_labels or not file.is_file():
        return None
    try:
        return read_labels(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise PreparationFailed(
            FailureReason.UnsupportedSource, f"{LABELS_FILE} of the archive cannot be read: {error}."
        ) from error


def _warm_up(answering: EncoderAnswering) -> None:
    """Run one row and two, of different lengths, so that no request pays for what is compiled."""
    task: Any = answering.task
    probes = [answering.encode([probe]) for probe in task.probes[:2]]
    for asked in (probes[0], [*probes[0], *probes[1]]):
        answering.answer(asked)
