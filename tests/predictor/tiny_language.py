"""Language models of a few thousand random weights: everything real but the sense of what they write."""

from collections.abc import Callable
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    AutoModelForCausalLM,
    BloomConfig,
    Gemma2Config,
    GPT2Config,
    LlamaConfig,
    MistralConfig,
    PreTrainedConfig,
    PreTrainedModel,
    Qwen2Config,
    TokenizersBackend,
)

from tests.predictor.tiny import CANDIDATE
from transformermodel_api.spec import TaskName
from transformermodel_predictor.artifact.configuration import CONFIGURATION_FILE, ModelConfiguration
from transformermodel_predictor.artifact.directory import Artifact, seal
from transformermodel_predictor.artifact.generation import GenerationDefaults
from transformermodel_predictor.artifact.manifest import Provenance
from transformermodel_predictor.candidate import Candidate
from transformermodel_predictor.preparation.build import build
from transformermodel_predictor.preparation.merge import Merged

POSITIONS = 64
VOCABULARY = 320
END = 2

CHAT_TEMPLATE = (
    "{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)

_TEXTS = ("the quick brown fox jumps over the lazy dog", "Größe, 東京 and naïve café 😀", "once upon a time there was")

_SHAPE = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": POSITIONS,
    "initializer_range": 0.3,  # so that the tokens differ visibly
    "bos_token_id": 1,
    "eos_token_id": END,
}

CONFIGURATIONS: dict[str, Callable[[], PreTrainedConfig]] = {
    "llama": lambda: LlamaConfig(**_SHAPE),
    "shallow llama": lambda: LlamaConfig(**{**_SHAPE, "num_hidden_layers": 1}),
    "long llama": lambda: LlamaConfig(**{**_SHAPE, "max_position_embeddings": 200}),
    "gpt2": lambda: GPT2Config(
        vocab_size=VOCABULARY,
        n_embd=32,
        n_layer=3,
        n_head=4,
        n_positions=POSITIONS,
        initializer_range=0.3,
        bos_token_id=1,
        eos_token_id=END,
    ),
    "qwen2": lambda: Qwen2Config(**_SHAPE),
    "qwen2 with windows": lambda: Qwen2Config(**_SHAPE, use_sliding_window=True, sliding_window=4, max_window_layers=1),
    "mistral": lambda: MistralConfig(**_SHAPE, sliding_window=5),
    "gemma2": lambda: Gemma2Config(**_SHAPE, head_dim=8, sliding_window=4),
    "bloom": lambda: BloomConfig(
        vocab_size=VOCABULARY, hidden_size=32, n_layer=2, n_head=4, initializer_range=0.3, eos_token_id=END
    ),
}


def make_language_model(kind: str = "llama", seed: int = 0) -> PreTrainedModel:
    """A model with random weights, in evaluation mode."""
    torch.manual_seed(seed)
    model: PreTrainedModel = AutoModelForCausalLM.from_config(CONFIGURATIONS[kind]())
    return model.eval()


def make_language_tokenizer(chat_template: str | None = CHAT_TEMPLATE) -> TokenizersBackend:
    """Byte-level BPE over a few sentences: every text can be written, most characters in several tokens."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=["<unk>", "<s>", "</s>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_TEXTS, trainer)
    made = TokenizersBackend(tokenizer_object=tokenizer, unk_token="<unk>", bos_token="<s>", eos_token="</s>")
    made.chat_template = chat_template
    return made


def save_language_checkpoint(path: Path, kind: str = "llama", chat_template: str | None = CHAT_TEMPLATE) -> Path:
    """Save a model and its tokenizer as `save_pretrained` lays them out."""
    make_language_model(kind).save_pretrained(path)
    make_language_tokenizer(chat_template).save_pretrained(path)
    return path


def make_language_artifact(path: Path, generation: GenerationDefaults | None = None) -> Artifact:
    """The checkpoint as preparation would publish it."""
    save_language_checkpoint(path)
    (path / CONFIGURATION_FILE).write_text(_configuration(generation).text(), encoding="utf-8")
    return _sealed(path, CANDIDATE)


def build_language_artifact(path: Path, candidate: Candidate, kind: str = "llama") -> Artifact:
    """The model in a form, as preparation builds it."""
    merged = Merged(make_language_model(kind), make_language_tokenizer(), (), POSITIONS, _configuration())
    build(merged, TaskName.TextGeneration, candidate, path)
    return _sealed(path, candidate)


def _configuration(generation: GenerationDefaults | None = None) -> ModelConfiguration:
    return ModelConfiguration(
        mode="text_generation",
        max_length=POSITIONS,
        num_labels=0,
        generation=generation or GenerationDefaults(),
    )


def _sealed(path: Path, candidate: Candidate) -> Artifact:
    return seal(
        path,
        Provenance(candidate=candidate, source="file://tiny", commit="0123456", adapter=None, libraries={}, pipeline=1),
    )
