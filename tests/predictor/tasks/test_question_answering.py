"""Question answering on a tokenizer of a few words, its logits by hand."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pytest
import torch
from transformers import BertConfig

from tests.predictor.tiny import MAX_LENGTH
from transformermodel_api.errors import PreparationFailed
from transformermodel_predictor.loading import LoadedModel
from transformermodel_predictor.tasks.configuration import TaskConfiguration
from transformermodel_predictor.tasks.question_answering import Extraction, QuestionAnswering
from transformermodel_predictor.tasks.task import Encoding, InvalidQuestion, Outputs
from transformermodel_predictor.tasks.windows import alignment_of

TASK = QuestionAnswering(TaskConfiguration((), MAX_LENGTH))
Logits = Mapping[str, tuple[float, float]]
"""How sure the model is that the answer starts, and ends, with a word."""


def outputs(model: LoadedModel, windows: Sequence[Encoding], of: Logits) -> list[Outputs]:
    """Logits by token, with padding and question words that are surer than anything in the context."""
    answers: list[Outputs] = []
    for encoding in windows:
        texts = alignment_of(encoding).texts
        words = model.tokenizer.convert_ids_to_tokens(list(encoding.features["input_ids"]))
        rows = [
            (50.0, 50.0) if text == 0 else of.get(word, (0.0, 0.0)) for word, text in zip(words, texts, strict=True)
        ]
        start, end = (torch.tensor([*values, 90.0, 90.0]) for values in zip(*rows, strict=True))
        answers.append({"start_logits": start, "end_logits": end})
    return answers


def decoded(model: LoadedModel, question: str, context: str, of: Logits, **parameters: Any) -> Extraction:
    asked = TASK.question({"question": question, "context": context}, parameters)
    (windows,) = TASK.encode(model.tokenizer, [asked])
    (answer,) = TASK.decode([asked], [windows], [outputs(model, windows, of)])
    return answer


def answered(model: LoadedModel, question: str, context: str, of: Logits, **parameters: Any) -> dict[str, Any]:
    return TASK.fields(decoded(model, question, context, of, **parameters))


def test_the_answer_is_a_part_of_the_context_with_its_place(tiny_model: LoadedModel) -> None:
    context = "😀 I  LOVE this Movie"
    fields = answered(tiny_model, "it was good", context, {"love": (9.0, 0.0), "movie": (0.0, 9.0)})
    assert (fields["answer"], fields["start"], fields["end"]) == ("LOVE this Movie", 5, len(context))
    assert fields["score"] == pytest.approx(1.0, abs=1e-3)
    assert set(fields) == {"answer", "score", "start", "end"}


def test_question_special_and_padding_tokens_are_no_answers(tiny_model: LoadedModel) -> None:
    sure = {"[CLS]": (70.0, 70.0), "[SEP]": (70.0, 70.0)}
    assert answered(tiny_model, "good bad", "i love", {**sure, "i": (1.0, 1.0)})["answer"] == "i"


def test_the_score_is_the_share_of_all_spans(tiny_model: LoadedModel) -> None:
    """Three words have six spans, all alike; of spans of one word there are three."""
    assert answered(tiny_model, "good", "i love it", {})["score"] == pytest.approx(1 / 6)
    assert answered(tiny_model, "good", "i love it", {}, max_answer_length=1)["score"] == pytest.approx(1 / 3)


def test_the_n_best_are_different_and_in_order(tiny_model: LoadedModel) -> None:
    of = {"i": (3.0, 3.0), "it": (2.0, 2.0)}
    fields = answered(tiny_model, "good", "i love it", of, top_k=4)
    assert [span["answer"] for span in fields["answers"]] == ["i", "i love it", "it", "i love"]
    assert fields["answers"][0] == {name: fields[name] for name in ("answer", "score", "start", "end")}
    every = answered(tiny_model, "good", "i love it", of, top_k=50)["answers"]
    assert len({(span["start"], span["end"]) for span in every}) == len(every) == 6
    assert sum(span["score"] for span in every) == pytest.approx(1.0)
    assert len(answered(tiny_model, "good", "i love it", of, answers=True)["answers"]) == 3


class TestLongContexts:
    def test_windows_have_the_whole_question_and_lose_nothing(self, tiny_model: LoadedModel) -> None:
        asked = TASK.question({"question": "good bad", "context": "i love this movie " * 10}, {})
        (windows,) = TASK.encode(tiny_model.tokenizer, [asked])
        assert len(windows) > 2
        assert all(len(window) <= MAX_LENGTH for window in windows)
        question = list(windows[0].features["input_ids"])[:4]
        assert all(list(window.features["input_ids"])[:4] == question for window in windows)
        assert sum(window.truncated for window in windows) == 0

    @pytest.mark.parametrize("stride", [0, 1, 4, 8])
    def test_an_answer_is_found_wherever_it_stands(self, tiny_model: LoadedModel, stride: int) -> None:
        for ahead in range(0, 30, 7):
            context = "i love " * ahead + "bad " + "it was " * 20
            fields = answered(tiny_model, "good", context, {"bad": (9.0, 9.0)}, stride=stride)
            assert (fields["answer"], fields["start"]) == ("bad", 7 * ahead)

    def test_what_two_windows_find_is_told_once(self, tiny_model: LoadedModel) -> None:
        fields = answered(tiny_model, "good", "i " * 30 + "bad " + "i " * 30, {"bad": (9.0, 9.0)}, top_k=5, stride=8)
        assert [span["answer"] for span in fields["answers"]].count("bad") == 1

    def test_a_question_that_leaves_no_room_is_refused(self, tiny_model: LoadedModel) -> None:
        with pytest.raises(
            InvalidQuestion, match="the question is too long: 17 tokens stand around the text; of the 16"
        ):
            answered(tiny_model, "good " * 14, "i love it", {})


class TestNoAnswer:
    NOWHERE: ClassVar[Logits] = {"[CLS]": (4.0, 4.0)}

    def test_it_is_not_given_unless_allowed(self, tiny_model: LoadedModel) -> None:
        fields = answered(tiny_model, "good", "i love it", self.NOWHERE, no_answer_score=True)
        assert fields["answer"] != ""
        assert fields["score"] == pytest.approx(1 / 6)
        assert fields["no_answer_score"] > 0.99

    def test_it_is_empty_where_it_is_likeliest(self, tiny_model: LoadedModel) -> None:
        fields = answered(tiny_model, "good", "i love it", self.NOWHERE, allow_no_answer=True, top_k=2)
        assert (fields["answer"], fields["start"], fields["end"]) == ("", 0, 0)
        assert fields["score"] == pytest.approx(2981 / (2981 + 6), abs=1e-4)
        assert fields["answers"][1]["answer"] != ""

    def test_a_better_answer_wins(self, tiny_model: LoadedModel) -> None:
        fields = answered(tiny_model, "good", "i love it", {**self.NOWHERE, "it": (5.0, 5.0)}, allow_no_answer=True)
        assert fields["answer"] == "it"


@pytest.mark.parametrize(
    ("fields", "parameters", "problem"),
    [
        ({"question": "a"}, {}, "context is missing"),
        ({"question": 1, "context": "a"}, {}, "question must be a string"),
        ({"question": "a", "context": " \n"}, {}, "context is empty"),
        ({"question": "", "context": "a"}, {}, "question is empty"),
        ({"question": "a", "context": "b", "text": "c"}, {}, "field 'text' is not known"),
        ({"question": "a", "context": "b"}, {"top_k": 0}, "top_k must be a whole number from 1 to 100"),
        ({"question": "a", "context": "b"}, {"max_answer_length": 99}, "max_answer_length must be a whole number"),
    ],
)
def test_what_cannot_be_read_is_named(fields: dict[str, Any], parameters: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidQuestion, match=problem):
        TASK.question(fields, parameters)


def test_a_context_of_characters_that_the_tokenizer_drops_has_no_answer(tiny_model: LoadedModel) -> None:
    assert answered(tiny_model, "good", "\u0001\u0002", {})["answer"] == ""


class TestComparison:
    def test_two_answers_differ_by_their_probabilities(self, tiny_model: LoadedModel) -> None:
        one = decoded(tiny_model, "good", "i love", {"i": (5.0, 5.0), "[CLS]": (-9.0, -9.0)})
        other = decoded(tiny_model, "good", "i love", {"love": (5.0, 5.0), "[CLS]": (-9.0, -9.0)})
        assert TASK.difference(one, one) == 0.0
        assert TASK.difference(one, other) == pytest.approx(0.9932, abs=1e-4)
        assert TASK.agree(one, one)
        assert not TASK.agree(one, other)
        assert TASK.preference(one, other) == pytest.approx(0.9932, abs=1e-4)

    def test_numbers_that_are_not_finite_are_no_answer(self, tiny_model: LoadedModel) -> None:
        with pytest.raises(ArithmeticError, match="not finite"):
            decoded(tiny_model, "good", "i love", {"love": (float("nan"), 0.0)})


def test_the_probes_have_windows_and_one_word(tiny_model: LoadedModel) -> None:
    counts = [len(windows) for windows in TASK.encode(tiny_model.tokenizer, TASK.probes[-1:])]
    assert counts[0] > 1


def test_a_head_with_other_logits_is_refused() -> None:
    with pytest.raises(PreparationFailed, match="WeightsMismatch: the model has 5 classes, but answers have a start"):
        TASK.require_fit(BertConfig(num_labels=5))
