"""Token classification on a tokenizer of a few words, its logits by hand."""

from collections.abc import Mapping
from typing import Any

import pytest
import torch
from transformers import BertConfig

from tests.predictor.tiny import MAX_LENGTH
from transformermodel_api.errors import PreparationFailed
from transformermodel_predictor.loading import LoadedModel
from transformermodel_predictor.tasks.configuration import TaskConfiguration
from transformermodel_predictor.tasks.task import Alignment, Encoding, InvalidQuestion
from transformermodel_predictor.tasks.token_classification import TokenClassification

LABELS = ("O", "B-PER", "I-PER")
TASK = TokenClassification(TaskConfiguration(LABELS, MAX_LENGTH))


def logits(encoding: Encoding, of: Mapping[int, int], padding: int = 3) -> torch.Tensor:
    """Rows that are sure of a class per token id; of tokens that are no text, and of padding, they are sure of PER."""
    rows = torch.zeros(len(encoding) + padding, len(LABELS))
    for position, token in enumerate(encoding.features["input_ids"]):
        rows[position, of.get(token, 1)] = 9.0
    rows[len(encoding) :, 1] = 9.0
    return rows


def answered(model: LoadedModel, text: str, labels: Mapping[str, str], **parameters: Any) -> list[dict[str, Any]]:
    vocabulary = model.tokenizer.get_vocab()
    of = {vocabulary[word]: LABELS.index(label) for word, label in labels.items()}
    question = TASK.question({"text": text}, parameters)
    (windows,) = TASK.encode(model.tokenizer, [question])
    (answer,) = TASK.decode([question], [windows], [[{"logits": logits(window, of)} for window in windows]])
    entities: list[dict[str, Any]] = TASK.fields(answer)["entities"]
    return entities


def test_entities_have_their_place_in_the_given_text(tiny_model: LoadedModel) -> None:
    text = "😀 I  LOVE this"
    (entity,) = answered(tiny_model, text, {"i": "B-PER", "love": "I-PER", "this": "O", "[UNK]": "O"})
    assert (entity["entity"], entity["start"], entity["end"], entity["text"]) == ("PER", 2, 9, "I  LOVE")
    assert entity["score"] == pytest.approx(1.0, abs=1e-3)


def test_special_and_padding_tokens_never_appear(tiny_model: LoadedModel) -> None:
    assert answered(tiny_model, "i love", {"i": "O", "love": "O"}) == []
    every = answered(tiny_model, "i love", {"i": "O"}, aggregation_strategy="none", ignore_labels=[])
    assert [(entity["token"], entity["entity"], entity["text"]) for entity in every] == [
        ("i", "O", "i"),
        ("love", "B-PER", "love"),
    ]


def test_an_empty_text_has_no_entities(tiny_model: LoadedModel) -> None:
    assert answered(tiny_model, "", {}) == []


@pytest.mark.parametrize("stride", [0, 1, 4, 8])
def test_a_long_text_goes_through_windows_and_loses_nothing(tiny_model: LoadedModel, stride: int) -> None:
    text = "i love this movie " * 20
    found = answered(tiny_model, text, {"i": "O", "this": "I-PER", "movie": "O"}, stride=stride)
    assert [entity["text"] for entity in found] == ["love this"] * 20
    assert [entity["start"] for entity in found] == [18 * index + 2 for index in range(20)]


def test_an_entity_across_windows_is_one(tiny_model: LoadedModel) -> None:
    found = answered(tiny_model, "good " * 60, {"good": "I-PER"}, stride=2)
    assert [(entity["start"], entity["end"]) for entity in found] == [(0, 299)]


def test_a_token_is_taken_from_the_window_where_it_has_most_context(tiny_model: LoadedModel) -> None:
    """Eight tokens in windows of six, three apart: the first window says O, the second has more context from 5 on."""
    task = TokenClassification(TaskConfiguration(LABELS, 8))
    question = task.question({"text": "good " * 8}, {"stride": 3})
    (windows,) = task.encode(tiny_model.tokenizer, [question])
    sure = [torch.zeros(len(window), 3) for window in windows]
    sure[0][:, 0], sure[1][:, 2] = 9.0, 9.0
    (answer,) = task.decode([question], [windows], [[{"logits": rows} for rows in sure]])
    assert task.fields(answer)["entities"][0]["start"] == 5 * len("good ")


def test_nothing_counts_as_truncated(tiny_model: LoadedModel) -> None:
    (windows,) = TASK.encode(tiny_model.tokenizer, [TASK.question({"text": "good " * 50}, {})])
    assert len(windows) > 1
    assert sum(window.truncated for window in windows) == 0


def test_the_probes_have_windows_and_one_word(tiny_model: LoadedModel) -> None:
    counts = [len(windows) for windows in TASK.encode(tiny_model.tokenizer, TASK.probes)]
    assert counts[0] == 1
    assert counts[-1] > 1


@pytest.mark.parametrize(
    ("fields", "parameters", "problem"),
    [
        ({}, {}, "text is missing"),
        ({"text": "a", "text_pair": "b"}, {}, "field 'text_pair' is not known; there is text"),
        ({"text": "a"}, {"aggregation_strategy": "best"}, "aggregation_strategy must be one of none, simple"),
        ({"text": "a"}, {"stride": -1}, "stride must be a whole number from 0 to 8"),
        ({"text": "a"}, {"top_k": 1}, "parameter 'top_k' is not known"),
    ],
)
def test_what_cannot_be_read_is_named(fields: dict[str, Any], parameters: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidQuestion, match=problem):
        TASK.question(fields, parameters)


class TestComparison:
    def answer(self, *rows: tuple[float, ...]) -> Any:
        question = TASK.question({"text": "good bad"}, {})
        return TASK.decode([question], [(encoded(len(rows)),)], [[{"logits": torch.tensor(rows).log()}]])[0]

    def test_two_answers_differ_by_their_probabilities(self) -> None:
        one, other = self.answer((0.6, 0.3, 0.1), (0.2, 0.4, 0.4)), self.answer((0.6, 0.3, 0.1), (0.1, 0.4, 0.5))
        assert TASK.difference(one, one) == 0.0
        assert TASK.difference(one, other) == pytest.approx(0.1)

    def test_they_agree_when_every_token_has_the_same_label(self) -> None:
        one, other = self.answer((0.6, 0.3, 0.1), (0.5, 0.2, 0.3)), self.answer((0.6, 0.3, 0.1), (0.2, 0.2, 0.6))
        assert TASK.agree(one, one)
        assert not TASK.agree(one, other)
        assert TASK.preference(one, other) == pytest.approx(0.2)

    def test_numbers_that_are_not_finite_are_no_answer(self) -> None:
        with pytest.raises(ArithmeticError, match="not finite"):
            self.answer((0.6, float("nan"), 0.0))


def encoded(tokens: int) -> Encoding:
    places = [(index, index + 1) for index in range(tokens)]
    alignment = Alignment([0] * tokens, places, list(range(tokens)), ["x"] * tokens)
    return Encoding({"input_ids": [5] * tokens}, alignment=alignment)


def test_another_number_of_classes_is_refused() -> None:
    with pytest.raises(PreparationFailed, match="WeightsMismatch: the model has 5 classes, but 3 labels are named"):
        TASK.require_fit(BertConfig(num_labels=5))
