"""Attributions for the ancestor's handler, and what it tells of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from transformers import PreTrainedTokenizerBase

from transformermodel_api.spec import TaskName
from transformermodel_predictor.engines.engine import Engine
from transformermodel_predictor.explanations.driving import drive
from transformermodel_predictor.explanations.explanation import GRADIENT_METHODS, Explanation, Method, Options, Part
from transformermodel_predictor.explanations.lockstep import run_in_lockstep
from transformermodel_predictor.explanations.methods.catalogue import METHODS
from transformermodel_predictor.explanations.model_access import ModelAccess, baseline_tokens_of
from transformermodel_predictor.explanations.parts import build_explanation
from transformermodel_predictor.explanations.target import Target
from transformermodel_predictor.explanations.twin import Twin
from transformermodel_predictor.tasks.windows import alignment_of
from transformermodel_predictor.torchserve.ancestor.module_functions import readable
from transformermodel_predictor.torchserve.ancestor.task_model import Explained

WITHOUT_GRADIENTS = Method.FeatureAblation
"""How a traced graph is explained, whose embeddings nobody can reach: each word is left out once."""


def options_of(steps: int | None, *, differentiable: bool) -> Options:
    """How answers are explained.

    Args:
        steps: interpolation steps, where the archive names them; as many as it takes when None.
        differentiable: whether the model has gradients.
    """
    if not differentiable:
        return Options(method=WITHOUT_GRADIENTS)
    return Options() if steps is None else Options(steps=steps, most_steps=max(steps, Options.most_steps))


@dataclass(frozen=True)
class Attributing:
    """A model that is asked why.

    Attributes:
        tokenizer: the model's.
        engine: what answers.
        twin: of which gradients are taken; None for a graph, which has none.
        architecture: `model_type` of config.json; empty for a graph.
    """

    tokenizer: PreTrainedTokenizerBase
    engine: Engine
    twin: Twin | None = None
    architecture: str = ""

    def attribute(self, targets: Sequence[Target], texts: Mapping[str, str], options: Options) -> Explained:
        """Attribute each target to the tokens.

        Raises:
            InvalidQuestion: the method needs a token that the tokenizer does not have.
            ArithmeticError: a number is not finite.
        """
        embed = self.twin.embed if self.twin is not None and options.method in GRADIENT_METHODS else None
        access = ModelAccess(baseline_tokens_of(self.tokenizer, self.architecture), embed)
        method = METHODS[options.method]
        attributions = drive(
            run_in_lockstep([method(target, options, access) for target in targets]), self.engine, self.twin
        )
        return [
            (target, build_explanation(options.method, target, attribution, texts))
            for target, attribution in zip(targets, attributions, strict=True)
        ]


def write_insights(task: TaskName, explained: Explained) -> dict[str, Any] | list[dict[str, Any]]:
    """An explanation in the ancestor's form: every token the model saw, special ones with the importance 0.

    For question answering there are two of each, for start and end. Where several targets were explained there is a
    list, each with its `target`.
    """
    if task is TaskName.QuestionAnswering:
        return _start_and_end(explained)
    kept = _prompt if task is TaskName.TextGeneration else _everything
    written = [{**_words(target, found, kept), "delta": found.delta} for target, found in explained]
    if len(written) == 1:
        return written[0]
    return [{"target": target.name, **each} for (target, _), each in zip(explained, written, strict=True)]


def _everything(_: int | None) -> bool:
    """Every token that the model saw."""
    return True


def _prompt(text: int | None) -> bool:
    """The tokens of the prompt: what was written is held responsible for nothing."""
    return text is not None


def _words(target: Target, found: Explanation, kept: Callable[[int | None], bool] = _everything) -> dict[str, Any]:
    alignment = alignment_of(target.encoding)
    importances = iter(found.tokens)
    words, values = [], []
    for spelling, text, feature in zip(alignment.tokens, alignment.texts, target.features, strict=True):
        part = next(importances) if text is not None and feature is not None else None
        if kept(text):
            words.append(_word(spelling, part))
            values.append(0.0 if part is None else part.importance)
    return {"words": words, "importances": values}


def _word(spelling: str, part: Part | None) -> str:
    """A token as people read it; byte-level tokenizers spell characters that are not ASCII as bytes."""
    word = readable(spelling)
    return word if part is None or word.isascii() or not part.text.strip() else part.text


def _start_and_end(explained: Explained) -> dict[str, Any]:
    """Both stand in the same window, so their words are the same."""
    found = {target.name: (target, explanation) for target, explanation in explained}
    told: dict[str, Any] = {"words": [], "importances_answer_start": [], "importances_answer_end": []}
    told |= {"delta_start": None, "delta_end": None}
    for name, (target, explanation) in found.items():
        words = _words(target, explanation)
        told |= {
            "words": words["words"],
            f"importances_answer_{name}": words["importances"],
            f"delta_{name}": explanation.delta,
        }
    return told
