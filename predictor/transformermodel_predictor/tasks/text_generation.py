"""Text generation: a prompt, or a conversation, to the text that follows it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import takewhile
from typing import Any, ClassVar

from transformers import PreTrainedConfig, PreTrainedTokenizerBase

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_api.spec import TaskName
from transformermodel_predictor.generation.parameters import PARAMETER_NAMES, GenerationParameters, read_parameters
from transformermodel_predictor.generation.room import fit
from transformermodel_predictor.generation.text import EncodedPrompt, GeneratedText, GenerationQuestion
from transformermodel_predictor.tasks.configuration import TaskConfiguration
from transformermodel_predictor.tasks.conversation import read_messages, write_conversation
from transformermodel_predictor.tasks.parameters import text_field
from transformermodel_predictor.tasks.task import InvalidQuestion, TensorSpec

_PROBE_TOKENS = 16
_SENTENCE = "The quick brown fox jumps over the lazy dog, and nobody minds. "


class TextGeneration:
    """Continuation of a prompt, token by token. Greedy unless the model's defaults or the request say otherwise."""

    name: ClassVar[TaskName] = TaskName.TextGeneration
    auto_class: ClassVar[str] = "AutoModelForCausalLM"
    mode: ClassVar[str] = "text_generation"
    has_labels: ClassVar[bool] = False

    def __init__(self, configuration: TaskConfiguration) -> None:
        self._configuration = configuration

    @property
    def labels(self) -> tuple[str, ...]:
        """Empty: tokens are not named classes."""
        return ()

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        """A prompt per row, or a conversation as JSON instead."""
        return (TensorSpec("text", "BYTES", (-1,)), TensorSpec("messages", "BYTES", (-1,), optional=True, json=True))

    @property
    def outputs(self) -> tuple[TensorSpec, ...]:
        """The generated text per row, its finish reason, and the token counts of prompt and text."""
        return (
            TensorSpec("generated_text", "BYTES", (-1,)),
            TensorSpec("finish_reason", "BYTES", (-1,)),
            TensorSpec("prompt_tokens", "INT64", (-1,)),
            TensorSpec("generated_tokens", "INT64", (-1,)),
        )

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """Names of the parameters that `question` reads."""
        return PARAMETER_NAMES

    @property
    def probes(self) -> tuple[GenerationQuestion, ...]:
        """Prompts from a single word to several sentences, continued greedily."""
        parameters = GenerationParameters(max_new_tokens=_PROBE_TOKENS)
        texts = ("Once", "The capital of France is", "def add(a, b):", "Größe, 東京 and naïve café 😀:", _SENTENCE * 3)
        return tuple(GenerationQuestion(text, parameters=parameters) for text in texts)

    def require_fit(self, configuration: PreTrainedConfig) -> None:
        """Refuse encoder-decoder models."""
        if getattr(configuration, "is_encoder_decoder", False):
            raise PreparationFailed(
                FailureReason.UnsupportedArchitecture,
                f"{configuration.model_type} is an encoder-decoder; only decoders can generate text here.",
            )

    def question(self, fields: Mapping[str, Any], parameters: Mapping[str, Any]) -> GenerationQuestion:
        """Read `text` or `messages`, and the parameters of the generation."""
        for name in fields:
            if name not in ("text", "messages"):
                raise InvalidQuestion(f"field {name!r} is not known; there are text and messages")
        sent = [name for name in ("text", "messages") if fields.get(name) is not None]
        if len(sent) != 1:
            raise InvalidQuestion(f"{'only one' if sent else 'one'} of text and messages must be there")
        generation = read_parameters(parameters, self._configuration.generation)
        if sent == ["messages"]:
            return GenerationQuestion("", read_messages(fields["messages"]), generation)
        return GenerationQuestion(text_field(fields, "text"), parameters=generation)

    def encode(
        self, tokenizer: PreTrainedTokenizerBase, question: GenerationQuestion, positions: int | None
    ) -> EncodedPrompt:
        """Tokenize, cut from the left so that the model has room for new tokens.

        Args:
            tokenizer: the model's; its state does not change, because it neither pads nor truncates here.
            question: the prompt, its tokens or the conversation.
            positions: number of positions that the model has; None if it is not limited.

        Raises:
            InvalidQuestion: there is nothing to continue, or the messages do not fit the chat template.
        """
        text, tokens = _prompt(tokenizer, question)
        if not tokens and tokenizer.bos_token_id is not None:
            tokens = [tokenizer.bos_token_id]
        if not tokens:
            raise InvalidQuestion("text has no tokens, and the model has none that begins a text", field="text")
        parameters = question.parameters
        fitted = fit(tokens, parameters.max_new_tokens, self._configuration.max_length, positions)
        clamped = replace(question, parameters=replace(parameters, max_new_tokens=fitted.max_new_tokens))
        return EncodedPrompt(clamped, text, fitted.tokens, fitted.truncated)

    def fields(self, answer: GeneratedText) -> dict[str, Any]:
        """The text, after the prompt if `return_full_text` is set; its finish reason, and both token counts."""
        return {
            "generated_text": answer.full_text,
            "finish_reason": answer.finish_reason.value,
            "prompt_tokens": len(answer.prompt.tokens),
            "generated_tokens": len(answer.tokens),
        }

    def difference(self, reference: GeneratedText, other: GeneratedText) -> float:
        """Largest difference between the probabilities of one token, up to where the tokens diverge."""
        pairs = list(zip(reference.certainties, other.certainties, strict=False))[: _alike(reference, other)]
        return max((abs(one.probability - another.probability) for one, another in pairs), default=0.0)

    def agree(self, reference: GeneratedText, other: GeneratedText) -> bool:
        """Whether the tokens are the same."""
        return reference.tokens == other.tokens

    def preference(self, reference: GeneratedText, other: GeneratedText) -> float:
        """The lead of the reference's token over its runner-up, where the tokens first diverge."""
        certainties = reference.certainties[_alike(reference, other) :]
        return certainties[0].lead if certainties else 0.0


def _prompt(tokenizer: PreTrainedTokenizerBase, question: GenerationQuestion) -> tuple[str, Sequence[int]]:
    """The prompt as a text and as token ids."""
    if question.tokens is not None:
        return str(tokenizer.decode(list(question.tokens), clean_up_tokenization_spaces=False)), question.tokens
    text = question.text if question.messages is None else write_conversation(tokenizer, question.messages)
    return text, tokenizer(text, add_special_tokens=question.messages is None, verbose=False)["input_ids"]


def _alike(reference: GeneratedText, other: GeneratedText) -> int:
    """Length of the common prefix of two token sequences."""
    pairs = zip(reference.tokens, other.tokens, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
