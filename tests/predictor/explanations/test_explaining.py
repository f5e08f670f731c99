"""One question's way to an explained answer, on a model whose numbers may run over."""

from collections.abc import Sequence

import pytest
import torch

from transformermodel_predictor.explanations.driving import drive
from transformermodel_predictor.explanations.explaining import Subject, explain_question
from transformermodel_predictor.explanations.explanation import Explained, Method, Options
from transformermodel_predictor.explanations.model_access import ModelAccess, baseline_tokens_of
from transformermodel_predictor.explanations.tasks.catalogue import explainable
from transformermodel_predictor.loading import LoadedModel
from transformermodel_predictor.tasks.task import Encoding, InvalidQuestion, Outputs


class RunsOver:
    """An engine that answers without end as soon as a token is among those it is asked about."""

    padding_free = True

    def __init__(self, model: LoadedModel, token: int) -> None:
        self._model = model
        self._token = token

    def run(self, batch: Sequence[Encoding]) -> list[Outputs]:
        rows = self._model.engine.run(batch)
        over = [self._token in encoding.features["input_ids"] for encoding in batch]
        return [
            {name: torch.full_like(value, torch.inf) if runs_over else value for name, value in row.items()}
            for runs_over, row in zip(over, rows, strict=True)
        ]


def explain(model: LoadedModel, token: int) -> Explained:
    task = explainable(model.task)
    question = model.task.question({"text": "good movie"}, {})
    subject = Subject(question, None, [Options(method=Method.FeatureAblation)], most_targets=1)
    access = ModelAccess(baseline_tokens_of(model.tokenizer, ""))
    steps = explain_question(task, lambda question: task.encode(model.tokenizer, [question])[0], access, subject)
    return drive(steps, RunsOver(model, token))


def test_a_text_without_which_the_model_runs_over_needs_another_method(tiny_model: LoadedModel) -> None:
    problem = r"feature_ablation with the baseline \w+ cannot explain this text: .* another method or baseline may"
    with pytest.raises(InvalidQuestion, match=problem):
        explain(tiny_model, tiny_model.tokenizer.pad_token_id)


def test_a_text_on_which_the_model_itself_runs_over_is_nobodys_mistake(tiny_model: LoadedModel) -> None:
    with pytest.raises(ArithmeticError):
        explain(tiny_model, tiny_model.tokenizer.cls_token_id)
