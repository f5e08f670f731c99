"""From an archive to a model that answers as the ancestor's handler did."""

import logging
from dataclasses import dataclass, replace
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
from transformermodel_predictor.checkpoints.checkpoint import read_checkpoint
from transformermodel_predictor.checkpoints.labels import choose_labels
from transformermodel_predictor.checkpoints.limits import model_limit
from transformermodel_predictor.checkpoints.tokenizer import lower_cases
from transformermodel_predictor.checkpoints.weights import load_weights, require_all_weights
from transformermodel_predictor.engines.compiled import unsupported
from transformermodel_predictor.engines.pretrained import PretrainedEngine
from transformermodel_predictor.pretrained import load_pretrained_tokenizer, one_line
from transformermodel_predictor.tasks.catalogue import TaskConfiguration, make_task, task_of_mode, task_type
from transformermodel_predictor.tasks.task import InvalidQuestion
from transformermodel_predictor.tasks.text_generation import TextGeneration
from transformermodel_predictor.torchserve.ancestor.completing import completed
from transformermodel_predictor.torchserve.ancestor.encoders import EncoderTaskModel
from transformermodel_predictor.torchserve.ancestor.generators import GeneratorTaskModel
from transformermodel_predictor.torchserve.ancestor.graphs import load_graph_model
from transformermodel_predictor.torchserve.ancestor.material import Archived, Material
from transformermodel_predictor.torchserve.ancestor.setup import Setup
from transformermodel_predictor.torchserve.ancestor.task_model import TaskModel
from transformermodel_predictor.torchserve.older_transformers.empty_tokenizers import is_empty

_log = logging.getLogger(__name__)

PRETRAINED, TORCHSCRIPT = "pretrained", "torchscript"
_SHORTEST_LIMIT = 2


@dataclass(frozen=True)
class Loaded:
    """A model in memory.

    Attributes:
        answering: the model with its task.
        module: what handlers see as `self.model`: transformers' class, compiled where that is wanted, or the graph.
        labels: names of the classes in the order of the logits; none for tasks without.
        length: tokens of every row, for a graph that takes no other; None where it does not matter.
    """

    answering: TaskModel
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
            f"{archived.origin} holds a traced graph (save_mode {TORCHSCRIPT}), which cannot generate "
            f"text: pack the model as it is, with save_mode {PRETRAINED}."
        )
    model_name, serialized = configuration.model_name, archived.serialized
    with completed(archived.folder, archived.name, model_name, serialized, configured=not traced) as folder:
        tokenizer = _load_tokenizer(folder, archived.origin, setup)
        labels = _labels(archived, task)
        material = Material(archived, folder, task, configuration, tokenizer, labels, device)
        return _load_graph(material) if traced else _load_pretrained(material)


def _load_graph(material: Material) -> Loaded:
    graph = load_graph_model(material)
    answering = EncoderTaskModel(graph.task, material.tokenizer, graph.engine)
    _require_room(answering, material.configuration.max_length)
    return Loaded(answering, graph.module, graph.task.labels, graph.length)


def _load_pretrained(material: Material) -> Loaded:
    kind, origin, configuration = task_type(material.task), material.archived.origin, material.configuration
    checkpoint = read_checkpoint(material.folder, origin, kind.auto_class, trusted=configuration.trust_remote_code)
    known = getattr(checkpoint.configuration, "id2label", None)
    labels = choose_labels(material.labels, known, configuration.num_labels or None) if kind.has_labels else ()
    loaded = load_weights(checkpoint, kind.auto_class, labels)
    require_all_weights(loaded, origin)
    model = _placed(loaded.model, configuration, material.device)
    limit = _limit(configuration.max_length, model_limit(model), origin)
    task = make_task(material.task, replace(TaskConfiguration.of(configuration, labels), max_length=limit))
    task.require_fit(model.config)
    if isinstance(task, TextGeneration):
        if configuration.pt2.compile is not None:
            _log.warning("%s is not compiled: text is generated with shapes that change at every step", origin)
        return Loaded(GeneratorTaskModel(task, material.tokenizer, model), model, ())
    engine = PretrainedEngine(model)
    engine.try_padding()
    answering = EncoderTaskModel(task, material.tokenizer, engine, model)
    _require_room(answering, configuration.max_length)
    if configuration.pt2.compile is not None:
        engine.compile(configuration.pt2.compile)
        _warm_up(answering)
    return Loaded(answering, model, labels)


def _require_room(answering: EncoderTaskModel, wanted: int) -> None:
    """Refuse a limit with which next to nothing could be answered.

    Raises:
        PreparationFailed: UnsupportedForm.
    """
    try:
        answering.encode(answering.task.probes[:1])
    except InvalidQuestion as error:
        raise unsupported(
            f"handler.max_length {wanted} leaves no room for a short text ({error}): raise it."
        ) from error


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


def _limit(wanted: int, positions: int | None, origin: str) -> int:
    """The longest input. More than the model has positions for would end in an exception at a long text."""
    if wanted < _SHORTEST_LIMIT:
        raise PreparationFailed(
            FailureReason.UnsupportedForm,
            f"handler.max_length {wanted} leaves no room for a text: set it to 2 or more.",
        )
    if positions is None or wanted <= positions:
        return wanted
    _log.warning("%s has positions for %s tokens; handler.max_length %s is taken for that", origin, positions, wanted)
    return positions


def _load_tokenizer(folder: Path, origin: str, setup: Setup) -> PreTrainedTokenizerBase:
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
        raise _unusable(origin, f"its tokenizer cannot be loaded ({one_line(error)})") from error
    if is_empty(tokenizer):
        raise _unusable(origin, "its tokenizer has no words: add the files of its tokenizer, such as tokenizer.json")
    if setup.lower_case and not lower_cases(tokenizer):
        _log.warning("%s: the tokenizer cannot lower-case text, whatever handler.do_lower_case says", origin)
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token
    return tokenizer


def _unusable(origin: str, why: str) -> PreparationFailed:
    return PreparationFailed(FailureReason.UnsupportedSource, f"{origin} cannot be served: {why}.")


def _labels(archived: Archived, task: TaskName) -> tuple[str, ...] | None:
    """The names of the classes in index_to_name.json; None where nobody names them.

    Raises:
        PreparationFailed: the file is not what the ancestor wants.
    """
    file = archived.folder / LABELS_FILE
    if not task_type(task).has_labels or not file.is_file():
        return None
    try:
        return read_labels(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise PreparationFailed(
            FailureReason.UnsupportedSource, f"{LABELS_FILE} of {archived.origin} cannot be read: {error}."
        ) from error


def _warm_up(answering: EncoderTaskModel) -> None:
    """Run one row and two, of different lengths, so that no request pays for what is compiled."""
    shortest, longer, *_ = answering.task.probes
    one = answering.encode([shortest])
    try:
        other = answering.encode([longer])
    except InvalidQuestion:  # a question is never cut, and inputs may be that short
        other = one
    for asked in (one, [*one, *other]):
        answering.answer(asked)
