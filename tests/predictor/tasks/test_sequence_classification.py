import pytest
import torch
from transformers import BertConfig

from tests.predictor.tiny import LABELS, MAX_LENGTH
from transformermodel_api.errors import PreparationFailed, UserError
from transformermodel_api.spec import TaskName
from transformermodel_predictor.loading import LoadedModel
from transformermodel_predictor.tasks.catalogue import TaskConfiguration, make_task, task_of_mode, task_type
from transformermodel_predictor.tasks.sequence_classification import (
    Classification,
    SequenceClassification,
    TextQuestion,
)
from transformermodel_predictor.tasks.task import Encoding, InvalidQuestion

TASK = SequenceClassification(TaskConfiguration(labels=LABELS, max_length=MAX_LENGTH))


def answered(*logits: float, **wanted: object) -> dict[str, object]:
    question = TASK.question({"text": "good"}, wanted)
    (answer,) = TASK.decode([question], [(Encoding({"input_ids": [1]}),)], [[{"logits": torch.tensor(logits)}]])
    return TASK.fields(answer)


def test_the_catalogue_knows_it_by_name_and_by_the_mode_of_model_config() -> None:
    assert task_type(TaskName.SequenceClassification).auto_class == "AutoModelForSequenceClassification"
    assert task_of_mode("sequence_classification") is TaskName.SequenceClassification
    assert make_task(TaskName.SequenceClassification, TaskConfiguration(LABELS, 8)).labels == LABELS
    with pytest.raises(UserError, match=r"'translation'.*sequence_classification"):
        task_of_mode("translation")


class TestEncode:
    def test_a_text_keeps_its_own_length(self, tiny_model: LoadedModel) -> None:
        (short,), (long,) = TASK.encode(tiny_model.tokenizer, [TextQuestion("good"), TextQuestion("i love this movie")])
        assert (len(short), len(long)) == (3, 6)
        assert set(short.features) == {"input_ids", "token_type_ids"}
        assert (short.truncated, long.truncated) == (0, 0)

    def test_a_text_that_is_too_long_is_cut_and_counted(self, tiny_model: LoadedModel) -> None:
        ((encoding,),) = TASK.encode(tiny_model.tokenizer, [TextQuestion("good " * 20)])
        assert len(encoding) == MAX_LENGTH
        assert encoding.truncated == 20 + 2 - MAX_LENGTH
        assert encoding.features["input_ids"][-1] == tiny_model.tokenizer.sep_token_id

    def test_of_a_pair_the_longer_text_is_cut(self, tiny_model: LoadedModel) -> None:
        ((encoding,),) = TASK.encode(tiny_model.tokenizer, [TextQuestion("good " * 20, "bad bad")])
        assert len(encoding) == MAX_LENGTH
        assert encoding.truncated == 20 + 2 + 3 - MAX_LENGTH
        assert list(encoding.features["token_type_ids"]).count(1) == 3

    def test_texts_and_pairs_come_back_in_their_order(self, tiny_model: LoadedModel) -> None:
        questions = [
            TextQuestion("good", "bad"),
            TextQuestion("good"),
            TextQuestion("bad " * 30),
            TextQuestion("", "i"),
        ]
        together = TASK.encode(tiny_model.tokenizer, questions)
        assert together == [TASK.encode(tiny_model.tokenizer, [question])[0] for question in questions]

    def test_the_probes_are_of_mixed_length_and_longer_than_the_limit(self, tiny_model: LoadedModel) -> None:
        encodings = [window for (window,) in TASK.encode(tiny_model.tokenizer, TASK.probes)]
        assert len({len(encoding) for encoding in encodings}) > 3
        assert encodings[-1].truncated > 0


class TestAnswer:
    def test_it_is_the_best_label_and_its_softmax(self) -> None:
        fields = answered(0.0, 1.0, 2.0)
        assert fields["label"] == "POSITIVE"
        assert fields["score"] == pytest.approx(0.6652409, abs=1e-6)
        assert set(fields) == {"label", "score"}

    def test_top_k_is_a_list_best_first(self) -> None:
        fields = answered(0.0, 2.0, 1.0, top_k=2)
        assert fields["label"] == ["NEUTRAL", "POSITIVE"]
        assert fields["score"] == pytest.approx([0.6652409, 0.2447285], abs=1e-6)

    def test_top_1_is_a_list_too(self) -> None:
        assert answered(0.0, 2.0, 1.0, top_k=1)["label"] == ["NEUTRAL"]

    def test_probabilities_are_in_the_order_of_the_labels(self) -> None:
        assert answered(0.0, 2.0, 1.0, probabilities=True)["probabilities"] == pytest.approx(
            [0.0900306, 0.6652409, 0.2447285], abs=1e-6
        )

    def test_half_precision_logits_are_decoded_in_float32(self) -> None:
        logits = torch.tensor([0.0, 0.001, 2.0], dtype=torch.bfloat16)
        (answer,) = TASK.decode([TextQuestion("good")], [(Encoding({"input_ids": [1]}),)], [[{"logits": logits}]])
        assert sum(answer.probabilities) == pytest.approx(1.0, abs=1e-6)

    def test_numbers_that_are_not_finite_are_no_answer(self) -> None:
        with pytest.raises(ArithmeticError, match="not finite"):
            answered(0.0, float("nan"), 1.0)

    def test_two_answers_differ_by_their_probabilities(self) -> None:
        one = Classification(TextQuestion("a"), (0.2, 0.3, 0.5))
        other = Classification(TextQuestion("a"), (0.2, 0.4, 0.4))
        assert TASK.difference(one, one) == 0.0
        assert TASK.difference(one, other) == pytest.approx(0.1)

    def test_a_reference_prefers_its_own_label_by_how_much_likelier_it_is(self) -> None:
        one, other = (Classification(TextQuestion(""), row) for row in ((0.5, 0.3, 0.2), (0.3, 0.4, 0.3)))
        assert not TASK.agree(one, other)
        assert TASK.preference(one, other) == pytest.approx(0.2)
        assert TASK.preference(one, one) == 0.0


class TestQuestion:
    @pytest.mark.parametrize(
        ("fields", "parameters", "problem"),
        [
            ({}, {}, "text is missing"),
            ({"text": 3}, {}, "text must be a string"),
            ({"text": "a", "text_pair": ["b"]}, {}, "text_pair must be a string"),
            ({"text": "a", "lang": "en"}, {}, "field 'lang' is not known; there are text and text_pair"),
            ({"text": "a"}, {"topk": 2}, "parameter 'topk' is not known; there are top_k and probabilities"),
            ({"text": "a"}, {"top_k": 4}, "top_k must be a whole number from 1 to 3"),
            ({"text": "a"}, {"top_k": True}, "top_k must be a whole number from 1 to 3"),
            ({"text": "a"}, {"probabilities": "yes"}, "probabilities must be true or false"),
        ],
    )
    def test_what_cannot_be_read_is_named(
        self, fields: dict[str, object], parameters: dict[str, object], problem: str
    ) -> None:
        with pytest.raises(InvalidQuestion, match=problem):
            TASK.question(fields, parameters)

    def test_a_pair_that_is_null_is_no_pair(self) -> None:
        assert TASK.question({"text": "a", "text_pair": None}, {}) == TextQuestion("a")


class TestMultiLabel:
    TASK = SequenceClassification(TaskConfiguration(labels=LABELS, max_length=MAX_LENGTH, multi_label=True))

    def decoded(self, *logits: float, **wanted: object) -> Classification:
        question = self.TASK.question({"text": "good"}, wanted)
        windows = [(Encoding({"input_ids": [1]}),)]
        return self.TASK.decode([question], windows, [[{"logits": torch.tensor(logits)}]])[0]

    def test_all_labels_over_the_threshold_hold(self) -> None:
        fields = self.TASK.fields(self.decoded(0.5, -1.0, 2.0))
        assert fields["labels"] == [
            {"label": "POSITIVE", "score": pytest.approx(0.8807971, abs=1e-6)},
            {"label": "NEGATIVE", "score": pytest.approx(0.6224593, abs=1e-6)},
        ]
        assert (fields["label"], fields["score"]) == ("POSITIVE", pytest.approx(0.8807971, abs=1e-6))

    def test_the_threshold_is_the_clients(self) -> None:
        held = [label["label"] for label in self.TASK.fields(self.decoded(0.5, -1.0, 2.0, threshold=0.8))["labels"]]
        assert held == ["POSITIVE"]
        assert self.TASK.fields(self.decoded(0.5, -1.0, 2.0, threshold="0.9"))["labels"] == []

    def test_top_k_and_probabilities_are_sigmoids(self) -> None:
        fields = self.TASK.fields(self.decoded(0.5, -1.0, 2.0, top_k=3, probabilities=True))
        assert fields["label"] == ["POSITIVE", "NEGATIVE", "NEUTRAL"]
        assert fields["probabilities"] == pytest.approx([0.6224593, 0.2689414, 0.8807971], abs=1e-6)

    def test_its_outputs_say_so(self) -> None:
        assert [(spec.name, spec.json) for spec in self.TASK.outputs] == [
            ("label", False),
            ("score", False),
            ("labels", True),
            ("probabilities", False),
        ]

    def test_two_answers_agree_when_the_same_labels_hold(self) -> None:
        one, other = self.decoded(0.5, -1.0, 2.0), self.decoded(-0.1, -1.0, 2.0)
        assert self.TASK.agree(one, self.decoded(0.1, -9.0, 1.0))
        assert not self.TASK.agree(one, other)
        assert self.TASK.preference(one, other) == pytest.approx(0.1224593, abs=1e-6)

    def test_a_single_class_may_hold_or_not(self) -> None:
        single = SequenceClassification(TaskConfiguration(labels=("TOXIC",), max_length=8, multi_label=True))
        single.require_fit(BertConfig(num_labels=1, problem_type="multi_label_classification"))

    def test_other_heads_are_refused(self) -> None:
        with pytest.raises(
            PreparationFailed, match="made for regression, but the task is set up for multi-label classification"
        ):
            self.TASK.require_fit(BertConfig(num_labels=3, problem_type="regression"))


class TestFit:
    def test_another_number_of_classes_is_refused(self) -> None:
        with pytest.raises(PreparationFailed, match="WeightsMismatch: the model has 5 classes, but 3 labels are named"):
            TASK.require_fit(BertConfig(num_labels=5))

    def test_a_multi_label_head_is_refused_because_its_answer_would_be_another(self) -> None:
        with pytest.raises(PreparationFailed, match=r"UnsupportedArchitecture.*multi_label_classification"):
            TASK.require_fit(BertConfig(num_labels=3, problem_type="multi_label_classification"))

    def test_a_regression_is_refused(self) -> None:
        with pytest.raises(
            PreparationFailed, match="made for regression, but the task is set up for single-label classification"
        ):
            TASK.require_fit(BertConfig(num_labels=3, problem_type="regression"))
        single = SequenceClassification(TaskConfiguration(labels=("ONLY",), max_length=8))
        with pytest.raises(PreparationFailed, match="a single class, which is a regression"):
            single.require_fit(BertConfig(num_labels=1))
