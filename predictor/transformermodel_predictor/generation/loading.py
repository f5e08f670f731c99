"""Loads language models from verified artifacts."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from transformermodel_api.errors import CorruptArtifact, PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.artifact.directory import Artifact
from transformermodel_predictor.candidate import EngineName
from transformermodel_predictor.checkpoints.limits import model_limit
from transformermodel_predictor.engines.catalogue import load_graph
from transformermodel_predictor.engines.compiled import unsupported
from transformermodel_predictor.engines.execution import Execution
from transformermodel_predictor.engines.pretrained import CPU, PretrainedEngine
from transformermodel_predictor.engines.signature import SIGNATURE_FILE
from transformermodel_predictor.generation.choice import choose_decoder
from transformermodel_predictor.generation.graph_decoder import GraphDecoder
from transformermodel_predictor.generation.graph_signature import DecoderSignature, read_decoder_signature
from transformermodel_predictor.generation.loaded import LoadedGenerator
from transformermodel_predictor.pretrained import load_pretrained_tokenizer
from transformermodel_predictor.tasks.text_generation import TextGeneration

_log = logging.getLogger(__name__)


def load_generator(
    artifact: Artifact, task: TextGeneration, devices: Sequence[torch.device] = (CPU,)
) -> LoadedGenerator:
    """Load a language model onto the first device, with a replica on each further one.

    Raises:
        PreparationFailed: weights or tokenizer do not fit, or the form cannot generate token by token.
    """
    load = _load_model if artifact.manifest.candidate.engine is EngineName.Pretrained else _load_graph
    first, *further = (load(artifact, task, device) for device in devices)
    return replace(first, replicas=tuple(replica.new_decoder for replica in further))


def _load_model(artifact: Artifact, task: TextGeneration, device: torch.device) -> LoadedGenerator:
    """Load a model of a transformers class."""
    execution = Execution.of(artifact.configuration)
    if execution.compilation is not None:
        _log.warning("%s is not compiled: text is generated with shapes that change at every step", artifact.path)
        execution = replace(execution, compilation=None)
    precision = artifact.manifest.candidate.precision
    engine = PretrainedEngine.load(artifact.path, task, precision, device, execution, prepacked=True)
    model = engine.model
    embeddings: Any = model.get_input_embeddings()
    vocabulary: int = embeddings.weight.shape[0]
    tokenizer = _load_tokenizer(artifact, vocabulary)
    return LoadedGenerator(
        artifact=artifact,
        task=task,
        tokenizer=tokenizer,
        new_decoder=choose_decoder(model),
        ends=ends_of(model, tokenizer),
        vocabulary=vocabulary,
        positions=model_limit(model),
        engine=engine,
        device=device,
    )


def _load_graph(artifact: Artifact, task: TextGeneration, device: torch.device) -> LoadedGenerator:
    """Load a compiled graph, which needs no model class."""
    signature = _signature_in(artifact.path)
    graph = load_graph(artifact.path, artifact.manifest.candidate, signature, device)
    return LoadedGenerator(
        artifact=artifact,
        task=task,
        tokenizer=_load_tokenizer(artifact, signature.vocabulary),
        new_decoder=partial(GraphDecoder, graph, signature, device),
        ends=frozenset(signature.ends),
        vocabulary=signature.vocabulary,
        positions=signature.positions,
        device=device,
    )


def _signature_in(directory: Path) -> DecoderSignature:
    if not (directory / SIGNATURE_FILE).is_file():
        raise unsupported(
            f"{directory} has no {SIGNATURE_FILE} that says how its graph is called token by token: prepare it again"
        )
    try:
        return read_decoder_signature((directory / SIGNATURE_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CorruptArtifact(f"{directory / SIGNATURE_FILE} cannot be read: {error}.") from error


def ends_of(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> frozenset[int]:
    """The end-of-sequence tokens in generation_config.json, else in config.json, else in the tokenizer."""
    for source in (model.generation_config, model.config, tokenizer):
        ends = getattr(source, "eos_token_id", None)
        if ends is not None:
            return frozenset([ends] if isinstance(ends, int) else ends)
    return frozenset()


def _load_tokenizer(artifact: Artifact, embeddings: int) -> PreTrainedTokenizerBase:
    """Load an artifact's tokenizer.

    Raises:
        PreparationFailed: it has no vocabulary, as transformers returns where files are missing, or belongs to another
            model.
    """
    tokenizer = load_pretrained_tokenizer(artifact.path, trust_remote_code=artifact.configuration.trust_remote_code)
    vocabulary = tokenizer.get_vocab()
    if set(vocabulary) <= set(tokenizer.all_special_tokens):
        raise PreparationFailed(
            FailureReason.UnsupportedSource, f"{artifact.path} has no tokenizer files; every text would be empty."
        )
    largest = max(vocabulary.values())
    if largest >= embeddings:
        raise PreparationFailed(
            FailureReason.WeightsMismatch,
            f"the tokenizer in {artifact.path} has tokens up to {largest}, but the model has embeddings for "
            f"{embeddings}.",
        )
    return tokenizer
