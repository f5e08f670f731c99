"""The targets of text generation: the continuation or its tokens, attributed to the prompt."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from transformers import PreTrainedTokenizerBase

from transformermodel_predictor.explanations.objectives import ContinuationLogProbability
from transformermodel_predictor.explanations.target import Target
from transformermodel_predictor.explanations.target_syntax import (
    EVERYTHING,
    is_integer,
    items_of,
    parse_literal,
    unknown_target,
)
from transformermodel_predictor.explanations.words import word_numbers
from transformermodel_predictor.generation.text import EncodedPrompt, GeneratedText, GenerationQuestion
from transformermodel_predictor.tasks.task import Alignment, Encoding, Outputs, Windows
from transformermodel_predictor.tasks.text_generation import TextGeneration
from transformermodel_predictor.tasks.tokenization import encode_aligned
from transformermodel_predictor.tasks.windows import alignment_of

EACH = "tokens"
"""The value that requests a target for each generated token."""


class TextGenerationTargets:
    """A target for the whole continuation, or per token, attributed to the prompt. Implements `ExplainableTask`.

    The objective is the sum of the tokens' log-probabilities, each given the prompt and the tokens before it, without
    sampling parameters; the score is the product of the probabilities. Special tokens, including those of a chat
    template, and generated tokens are not attributed to. A question is a generated text with its prompt.
    """

    def __init__(self, task: TextGeneration) -> None:
        self._task = task

    def minimum_targets(self, asked: GenerationQuestion, requested: object) -> int:
        """Lower bound on the number of targets: a text may end before `max_new_tokens`."""
        return (
            1
            if parse_literal(requested) == EACH
            else len(_requested_tokens(requested, asked.parameters.max_new_tokens))
        )

    def encode(self, tokenizer: PreTrainedTokenizerBase, questions: Sequence[GeneratedText]) -> list[Windows]:
        """Prompt and continuation of each text in one window.

        Raises:
            UserError: the tokenizer cannot map its tokens to offsets in the text.
        """
        return [(_encoded(tokenizer, text),) for text in questions]

    def texts(self, question: GeneratedText) -> Mapping[str, str]:
        """The prompt as `text`; a conversation, rendered by the chat template, as `prompt`."""
        asked = question.prompt.question
        return {"text" if asked.messages is None else "prompt": question.prompt.text}

    def answer(self, question: GeneratedText, windows: Windows, outputs: Sequence[Outputs]) -> Mapping[str, Any]:
        """The fields of the answer, as in a prediction."""
        return self._task.fields(question)

    def targets(
        self, question: GeneratedText, windows: Windows, outputs: Sequence[Outputs], requested: object
    ) -> list[Target]:
        """The continuation, or tokens of it.

        All targets share one encoding, which ends before the last explained token, so that perturbation methods run
        each part of the prompt once for all of them.

        Args:
            question: the generated text.
            windows: from `encode`.
            outputs: `logits` [tokens, vocabulary]; of the prompt only the last token's are used.
            requested: `all` for the whole continuation, `tokens` for each token, the number of a token from 0, or a
                list of numbers; the whole continuation when None.

        Raises:
            InvalidQuestion: there are not that many tokens.
            ArithmeticError: the model's logits are not finite.
        """
        ((encoding,), (output,)) = windows, outputs
        explained = _requested_tokens(requested, len(question.tokens))
        seen = _cut(encoding, len(question.prompt.tokens) - 1 + max(tokens.stop for tokens in explained))
        features = word_numbers(alignment_of(seen), tuple(self.texts(question).values()))
        pieces = alignment_of(encoding).tokens[len(question.prompt.tokens) :]
        probabilities = _log_probabilities(question, output)
        return [
            _target(question, seen, features, pieces, tokens, math.fsum(probabilities[tokens.start : tokens.stop]))
            for tokens in explained
        ]


def _requested_tokens(requested: object, length: int) -> list[range]:
    value = parse_literal(requested)
    if value is None or value == EVERYTHING:
        return [range(length)]
    if value == EACH:
        return [range(number, number + 1) for number in range(length)]
    numbers = [item for item in items_of(value) if isinstance(item, int) and is_integer(item) and 0 <= item < length]
    if not numbers or len(numbers) < len(items_of(value)):
        raise unknown_target(
            requested,
            f"{EVERYTHING} for the whole continuation, {EACH} for each token by itself, and numbers of generated "
            f"tokens from 0 to {length - 1}",
        )
    return [range(number, number + 1) for number in dict.fromkeys(numbers)]


def _log_probabilities(question: GeneratedText, output: Outputs) -> list[float]:
    """The log-probability of each generated token, given those before it."""
    first = len(question.prompt.tokens) - 1
    log_probabilities = [
        float(ContinuationLogProbability((first + number,), (token,)).value(output))
        for number, token in enumerate(question.tokens)
    ]
    if not all(map(math.isfinite, log_probabilities)):
        raise ArithmeticError("the model's logits are not finite")
    return log_probabilities


def _target(
    question: GeneratedText,
    encoding: Encoding,
    features: tuple[int | None, ...],
    pieces: Sequence[str],
    tokens: range,
    log_probability: float,
) -> Target:
    first = len(question.prompt.tokens) - 1
    whole = len(tokens) == len(question.tokens)
    chat = {} if question.prompt.question.messages is None else {"prompt": question.prompt.text}
    return Target(
        name="".join(pieces[tokens.start : tokens.stop]) if not (whole and question.text) else question.text,
        encoding=encoding,
        objective=ContinuationLogProbability(
            positions=tuple(first + number for number in tokens),
            tokens=tuple(question.tokens[number] for number in tokens),
        ),
        score=math.exp(log_probability),
        features=features,
        details={
            "first_token": tokens.start,
            "last_token": tokens.stop - 1,
            "log_probability": log_probability,
            **chat,
        },
    )


def _cut(encoding: Encoding, end: int) -> Encoding:
    """The first `end` tokens of an encoding; a causal model cannot see the others from there."""
    alignment = alignment_of(encoding)
    return replace(
        encoding,
        features={name: values[:end] for name, values in encoding.features.items()},
        alignment=replace(
            alignment,
            texts=alignment.texts[:end],
            offsets=alignment.offsets[:end],
            words=alignment.words[:end],
            tokens=alignment.tokens[:end],
        ),
    )


def _encoded(tokenizer: PreTrainedTokenizerBase, text: GeneratedText) -> Encoding:
    """Prompt and continuation; the continuation's tokens are spelled as decoded text."""
    prompt = _aligned_prompt(tokenizer, text.prompt)
    pieces = [str(tokenizer.decode([token])) for token in text.tokens]
    return Encoding(
        features={"input_ids": [*text.prompt.tokens, *text.tokens]},
        truncated=text.prompt.truncated,
        alignment=Alignment(
            texts=[*prompt.texts, *([None] * len(pieces))],
            offsets=[*prompt.offsets, *([(0, 0)] * len(pieces))],
            words=[*prompt.words, *([None] * len(pieces))],
            tokens=[*prompt.tokens, *pieces],
            before=prompt.before,
        ),
    )


def _aligned_prompt(tokenizer: PreTrainedTokenizerBase, prompt: EncodedPrompt) -> Alignment:
    """The alignment of the prompt's tokens; special ones have no text, even if a chat template wrote them as text."""
    (encoding,) = encode_aligned(tokenizer, [(prompt.text, None)], special_tokens=prompt.question.messages is None)
    cut = len(encoding) - len(prompt.tokens)
    if cut < 0:  # an empty prompt is continued from the beginning-of-sequence token
        return Alignment([None], [(0, 0)], [None], tokenizer.convert_ids_to_tokens(list(prompt.tokens)))
    alignment = alignment_of(encoding)
    special = frozenset(tokenizer.all_special_ids)
    pairs = zip(prompt.tokens, alignment.texts[cut:], strict=True)
    return Alignment(
        texts=[None if token in special else text for token, text in pairs],
        offsets=alignment.offsets[cut:],
        words=alignment.words[cut:],
        tokens=alignment.tokens[cut:],
        before=cut,
    )
