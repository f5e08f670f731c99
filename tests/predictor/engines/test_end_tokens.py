"""Classifiers that count the tokens at the end of a text, run on rows that differ in how many they have."""

from collections.abc import Callable

import pytest
import torch
from transformers import PreTrainedModel

from tests.predictor.explanations.test_token_embeddings import CLASSIFIERS, END, made
from transformermodel_api.spec import TaskName
from transformermodel_predictor.engines.end_tokens import GroupedByEndTokens, grouped_by_end_tokens
from transformermodel_predictor.engines.pretrained import PretrainedEngine
from transformermodel_predictor.tasks.task import Encoding

ROWS = [
    Encoding({"input_ids": tokens}) for tokens in ([1, 7, END], [1, 7, END, END, 9, END], [1, 5, END, 8, END], [4, END])
]


@pytest.mark.parametrize("name", ["BART", "T5", "mBART"])
def test_rows_together_are_answered_as_each_is_alone(name: str) -> None:
    engine = PretrainedEngine(made(CLASSIFIERS[name]))
    with pytest.raises(ValueError, match="the same number of <eos> tokens"):
        engine.run(ROWS)
    for row, found in zip(ROWS, GroupedByEndTokens(engine, END).run(ROWS), strict=True):
        torch.testing.assert_close(found["logits"], engine.run([row])[0]["logits"])


@pytest.mark.parametrize(
    ("model", "task", "apart"),
    [
        (CLASSIFIERS["T5"], TaskName.SequenceClassification, True),
        (CLASSIFIERS["T5 for tokens"], TaskName.TokenClassification, False),
        (CLASSIFIERS["XLNet"], TaskName.SequenceClassification, False),
    ],
)
def test_no_other_rows_are_kept_apart(
    tmp_path_factory: pytest.TempPathFactory, model: Callable[[], PreTrainedModel], task: TaskName, *, apart: bool
) -> None:
    folder = tmp_path_factory.mktemp("model")
    engine = PretrainedEngine(made(model))
    engine.model.save_pretrained(folder)
    assert isinstance(grouped_by_end_tokens(engine, folder, task), GroupedByEndTokens) is apart


def test_a_graph_without_a_configuration_runs_its_rows_as_they_come(tmp_path_factory: pytest.TempPathFactory) -> None:
    engine = PretrainedEngine(made(CLASSIFIERS["T5"]))
    assert grouped_by_end_tokens(engine, tmp_path_factory.mktemp("graph"), TaskName.SequenceClassification) is engine
