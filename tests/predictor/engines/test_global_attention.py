import pytest
import torch
from transformers import PreTrainedModel

from tests.predictor.engines.packed.architectures import sequences
from tests.predictor.tasks.readers import MAX_LENGTH, READERS
from transformermodel_predictor.engines.global_attention import counts_separators, global_attention
from transformermodel_predictor.engines.padding import padding_is_hidden
from transformermodel_predictor.engines.pretrained import PretrainedEngine
from transformermodel_predictor.tasks.configuration import TaskConfiguration
from transformermodel_predictor.tasks.question_answering import QuestionAnswering
from transformermodel_predictor.tasks.task import Encoding

TASK = QuestionAnswering(TaskConfiguration((), MAX_LENGTH))
LONGFORMER = READERS["Longformer"]


@pytest.fixture
def model() -> PreTrainedModel:
    return LONGFORMER.model()


def windows(question: str, context: str) -> tuple[Encoding, ...]:
    (found,) = TASK.encode(LONGFORMER.tokenizer(), [TASK.question({"question": question, "context": context}, {})])
    return found


@pytest.mark.parametrize(("question", "tokens"), [("who?", 4), ("w</s>o?", 4), ("</s>", 1)])
def test_it_is_given_to_the_question_and_what_stands_before_it_in_every_window(question: str, tokens: int) -> None:
    found = windows(question, "ada </s> met" * MAX_LENGTH)
    assert len(found) > 2
    for window in found:
        assert global_attention(window) == [1] * (1 + tokens) + [0] * (len(window) - 1 - tokens)


def test_it_is_given_to_the_first_token_where_nobody_knows_the_question() -> None:
    assert global_attention(Encoding({"input_ids": [5, 6, 7]})) == [1, 0, 0]


def test_longformer_alone_is_told() -> None:
    assert [name for name, reader in READERS.items() if counts_separators(reader.model())] == ["Longformer"]


def test_a_batch_with_separators_gives_what_each_row_gives_alone(model: PreTrainedModel) -> None:
    engine = PretrainedEngine(model)
    rows = [*windows("who?", "ada"), *windows("who </s> met?", "</s>ada</s>"), *windows("</s>", "ada met")]
    for row, found in zip(rows, engine.run(rows), strict=True):
        (alone,) = engine.run([row])
        for name, logits in alone.items():
            torch.testing.assert_close(found[name][: len(row)], logits, atol=1e-5, rtol=0)


def test_random_tokens_can_be_run_so_that_it_is_known_whether_padding_is_hidden(
    model: PreTrainedModel, caplog: pytest.LogCaptureFixture
) -> None:
    engine = PretrainedEngine(model)
    assert len(engine.run(sequences(5, 9))) == 2
    with caplog.at_level("INFO"):
        assert padding_is_hidden(engine.run, model)
    assert "could not be tried" not in caplog.text
