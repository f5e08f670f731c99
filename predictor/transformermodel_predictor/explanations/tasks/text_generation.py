"""Why a prompt was continued as it was."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from transformers import PreTrainedTokenizerBase

from transformermodel_predictor.explanations.objectives import ContinuationLogProbability
from transformermodel_predictor.explanations.target import Target
from transformermodel_predictor.explanations.wanted import EVERYTHING, is_whole, items_of, parsed, refused
from transformermodel_predictor.explanations.words import word_numbers
from transformermodel_predictor.generation.text import EncodedPrompt, GeneratedText, GenerationQuestion
from transformermodel_predictor.tasks.task import Alignment, Encoding, Outputs, Windows
from transformermodel_predictor.tasks.text_generation import TextGeneration
from transformermodel_predictor.tasks.tokenization import encode_aligned
from transformermodel_predictor.tasks.windows import alignment_of

EACH = "tokens"
"""What a client sends to have each generated token explained by itself."""


class TextGenerationTargets:
    """The whole continuation as one target, or a target for each of its tokens, with respect to the prompt.

    The objective is the sum of the log-probabilities of the tokens, each after the prompt and the tokens before it, as
    the model has them before any sampling; the score is the product of the probabilities. Special tokens, those of a
    chat template among them, and the generated ones are held responsible for nothing. Implements `ExplainableTask`,
    whose question is the text that was generated, with its prompt.
    """

    def __init__(self, task: TextGeneration) -> None:
        self._task = task

    def foreseen(self, asked: GenerationQuestion, wanted: object) -> int:
        """How many there will be at least: a text may end before it has as many tokens as it may have."""
        return 1 if parsed(wanted) == EACH else len(_wanted_tokens(wanted, asked.parameters.max_new_tokens))

    def encode(self, tokenizer: PreTrainedTokenizerBase, questions: Sequence[GeneratedText]) -> list[Windows]:
        """Prompt and continuation, one window each: what has to be run for the scores of all its tokens.

        Raises:
            UserError: the tokenizer does not know where its tokens stand.
        """
        return [(_encoded(tokenizer, text),) for text in questions]

    def texts(self, question: GeneratedText) -> Mapping[str, str]:
        """The prompt as `text`; a conversation as the chat template writes it, as `prompt`."""
        asked = question.prompt.question
        return {"text" if asked.messages is None else "prompt": question.prompt.text}

    def answer(self, question: GeneratedText, windows: Windows, outputs: Sequence[Outputs]) -> Mapping[str, Any]:
        """The fields of a prediction."""
        return self._task.fields(question)

    def targets(
        self, question: GeneratedText, windows: Windows, outputs: Sequence[Outputs], wanted: object
    ) -> list[Target]:
        """The continuation, or tokens of it. All have one encoding, which ends before the last token that is explained.

        So methods that leave words out run each part of the prompt once for all of them.

        Args:
            question: what was generated.
            windows: as `encode` makes them.
            outputs: `logits` [tokens, vocabulary]; those of the prompt's tokens but its last are not looked at.
            wanted: `all` for the continuation as one, `tokens` for each token by itself, the number of a token from 0,
                or a list of such; the continuation when None.

        Raises:
            InvalidQuestion: there are not so many tokens.
            ArithmeticError: the model answered with numbers that are not finite.
        """
        ((encoding,), (output,)) = windows, outputs
        explained = _wanted_tokens(wanted, len(question.tokens))
        seen = _until(encoding, len(question.prompt.tokens) - 1 + max(tokens.stop for tokens in explained))
        features = word_numbers(alignment_of(seen), tuple(self.texts(question).values()))
        pieces = alignment_of(encoding).tokens[len(question.prompt.tokens) :]
        probabilities = _log_probabilities(question, output)
        return [
            _target(question, seen, features, pieces, tokens, math.fsum(probabilities[tokens.start : tokens.stop]))
            for tokens in explained
        ]


def _wanted_tokens(wanted: object, length: int) -> list[range]:
    value = parsed(wanted)
    if value is None or value == EVERYTHING:
        return [range(length)]
    if value == EACH:
        return [range(number, number + 1) for number in range(length)]
    numbers = [item for item in items_of(value) if isinstance(item, int) and is_whole(item) and 0 <= item < length]
    if not numbers or len(numbers) < len(items_of(value)):
        raise refused(
            wanted,
            f"{EVERYTHING} for the whole continuation, {EACH} for each token by itself, and numbers of generated "
            f"tokens from 0 to {length - 1}",
        )
    return [range(number, number + 1) for number in dict.fromkeys(numbers)]


def _log_probabilities(question: GeneratedText, output: Outputs) -> list[float]:
    """Of each generated token, given what stands before it."""
    first = len(question.prompt.tokens) - 1
    found = [
        float(ContinuationLogProbability((first + number,), (token,)).value(output))
        for number, token in enumerate(question.tokens)
    ]
    if not all(map(math.isfinite, found)):
        raise ArithmeticError("the model's logits are not finite")
    return found


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


def _until(encoding: Encoding, end: int) -> Encoding:
    """The encoding without the tokens from a position on, which a causal model does not see from before it."""
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
    """Prompt and continuation; the tokens of the continuation are spelled as people read them."""
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
    """Where the prompt's tokens stand; special ones nowhere, even where a chat template wrote them as text."""
    (encoding,) = encode_aligned(tokenizer, [(prompt.text, None)], special_tokens=prompt.question.messages is None)
    cut = len(encoding) - len(prompt.tokens)
    if cut < 0:  # a text without tokens is continued from the one that begins texts
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
