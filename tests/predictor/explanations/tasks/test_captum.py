"""What is explained of each task's answers has the values of Captum's own method, on models in float64.

Classes of whole texts, and all other methods, are compared in tests/predictor/explanations/methods.
"""

from collections.abc import Sequence
from typing import Any

import pytest
import torch
from captum.attr import LayerIntegratedGradients
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from tests.predictor.explanations.tasks.tiny_heads import TAGS, make_reader, make_tagger, run
from tests.predictor.tiny_language import make_language_model, make_language_tokenizer
from transformermodel_api.spec import TaskName
from transformermodel_predictor.engines.pretrained import PretrainedEngine
from transformermodel_predictor.explanations.driving import drive
from transformermodel_predictor.explanations.explanation import Baseline, Options
from transformermodel_predictor.explanations.methods import integrated_gradients
from transformermodel_predictor.explanations.target import Target
from transformermodel_predictor.explanations.tasks.catalogue import explainable
from transformermodel_predictor.explanations.tools import Tools
from transformermodel_predictor.explanations.twins import twin_of
from transformermodel_predictor.generation.sequence import FinishReason
from transformermodel_predictor.loading import LoadedModel
from transformermodel_predictor.tasks.catalogue import make_task
from transformermodel_predictor.tasks.configuration import TaskConfiguration
from transformermodel_predictor.tasks.text_generation import GeneratedText

STAND_IN, STEPS, LENGTH = 0, 8, 48


def entities(tokenizer: PreTrainedTokenizerBase) -> tuple[PreTrainedModel, list[Target]]:
    task = make_task(TaskName.TokenClassification, TaskConfiguration(TAGS, LENGTH))
    model = make_tagger(len(tokenizer)).double()
    return model, targets(task, tokenizer, model, task.question({"text": "i love this good movie"}, {}))


def answers(tokenizer: PreTrainedTokenizerBase) -> tuple[PreTrainedModel, list[Target]]:
    task = make_task(TaskName.QuestionAnswering, TaskConfiguration((), LENGTH))
    model = make_reader(len(tokenizer)).double()
    question = task.question({"question": "was it good", "context": "i hate this bad movie"}, {})
    return model, targets(task, tokenizer, model, question)


def continuations(_: PreTrainedTokenizerBase) -> tuple[PreTrainedModel, list[Target]]:
    task = make_task(TaskName.TextGeneration, TaskConfiguration((), LENGTH))
    model, tokenizer = make_language_model().double(), make_language_tokenizer()
    prompt = task.encode(tokenizer, task.question({"text": "once upon a time"}, {}), LENGTH)
    text = GeneratedText(prompt, " there was", (70, 75, 80), FinishReason.Length)
    whole, tokens = (targets(task, tokenizer, model, text, wanted) for wanted in ("all", "tokens"))
    return model, [*whole, *tokens]


def targets(
    task: Any, tokenizer: PreTrainedTokenizerBase, model: PreTrainedModel, question: object, wanted: object = None
) -> list[Target]:
    explained = explainable(task)
    (windows,) = explained.encode(tokenizer, [question])
    return list(explained.targets(question, windows, run(model, windows), wanted))


@pytest.mark.parametrize("made", [entities, answers, continuations])
def test_integrated_gradients_are_captums(made: Any, tiny_model: LoadedModel) -> None:
    model, found = made(tiny_model.tokenizer)
    assert found
    twin = twin_of(model, packed=made is not continuations)
    tools = Tools({Baseline.Pad: STAND_IN}, twin.embed)
    for target in found:
        steps = integrated_gradients.attribute(target, Options(steps=STEPS, most_steps=STEPS), tools)
        ours = drive(steps, PretrainedEngine(model), twin)
        values, delta = theirs(model, target)
        rounding = 1e-6 * sum(map(abs, values))  # Captum multiplies with weights in float32
        assert ours.values == pytest.approx(values, abs=rounding)
        assert ours.delta == pytest.approx(delta, abs=rounding)
        assert any(ours.values)


def theirs(model: PreTrainedModel, target: Target) -> tuple[Sequence[float], float]:
    """Of the same objective, the layer that makes embeddings, and the same baseline."""
    given = {name: torch.tensor([values]) for name, values in target.encoding.features.items()}
    ids = given.pop("input_ids")

    def objective(rows: torch.Tensor) -> torch.Tensor:
        others = {name: values.expand(len(rows), -1) for name, values in given.items()}
        outputs = model(input_ids=rows, **others)
        logits = {name: outputs[name] for name in outputs if name.endswith("logits")}
        return torch.stack(
            [target.objective.value({name: values[row] for name, values in logits.items()}) for row in range(len(rows))]
        )

    explained = torch.tensor([[feature is not None for feature in target.features]])
    layer = getattr(model.base_model, "embeddings", None) or model.get_input_embeddings()
    values, delta = LayerIntegratedGradients(objective, layer).attribute(
        ids, torch.where(explained, STAND_IN, ids), n_steps=STEPS, return_convergence_delta=True
    )
    return values.sum(dim=2)[0].tolist(), float(delta)
