"""Answers beside those that the models give by themselves, and questions whose texts hold special tokens."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import pytest
import torch

from tests.predictor.one_thread import with_one_thread
from tests.predictor.tasks.readers import READERS, Reader
from transformermodel_predictor.explanations.explanation import Method
from transformermodel_predictor.generalized_handler import GeneralizedHandler
from transformermodel_predictor.loading import LoadedModel, load_model
from transformermodel_predictor.workers import Workers

Asked = Mapping[str, str]

LONGEST = 8
QUESTIONS: tuple[Asked, ...] = (
    {"question": "who met bob?", "context": "ada met bob in london."},
    {"question": "where?", "context": "in london"},
    {"question": "when did ada meet bob?", "context": "on a day in june."},
)


one_thread = pytest.fixture(scope="module", autouse=True)(with_one_thread)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], LoadedModel]:
    @cache
    def load(name: str) -> LoadedModel:
        model = load_model(READERS[name].artifact(tmp_path_factory.mktemp(name)))
        assert isinstance(model, LoadedModel)
        return model

    return load


def separated(separator: str) -> tuple[Asked, ...]:
    """Questions with separators in the question, in the context, in both, and as all of one."""
    return (
        {"question": "who met bob?", "context": f"ada met {separator} bob in {separator}{separator} london."},
        {"question": f"who {separator} met bob?", "context": "ada met bob."},
        {"question": f"{separator} who", "context": f"ada {separator}"},
        {"question": "who", "context": separator},
        {"question": separator, "context": "ada"},
    )


@torch.inference_mode()
def by_itself(reader: Reader, asked: Asked, **given: torch.Tensor) -> tuple[str, float]:
    """The best answer, and its score, as the definition says: every span of the context is looked at."""
    tokens = reader.tokenizer()(asked["question"], asked["context"], return_tensors="pt", return_offsets_mapping=True)
    offsets = tokens.pop("offset_mapping")[0].tolist()
    output = reader.model()(**tokens, **given)
    context = torch.tensor([text == 1 for text in tokens.sequence_ids()])
    starts, ends = (output[name][0].masked_fill(~context, -torch.inf) for name in ("start_logits", "end_logits"))
    length = len(offsets)
    spans = torch.ones(length, length, dtype=torch.bool).triu().tril(LONGEST - 1)
    logits = (starts.unsqueeze(1) + ends).masked_fill(~spans, -torch.inf)
    first, last = divmod(int(logits.argmax()), length)
    answer = asked["context"][offsets[first][0] : offsets[last][1]].strip()
    return answer, float(logits.flatten().softmax(0).max())


def assert_answered(fields: Mapping[str, Any], expected: tuple[str, float]) -> None:
    assert (fields["answer"], fields["score"]) == (expected[0], pytest.approx(expected[1], abs=1e-4))


@pytest.mark.parametrize("name", READERS)
def test_ordinary_questions_are_answered_as_the_model_does_by_itself(
    name: str, loaded: Callable[[str], LoadedModel]
) -> None:
    found = loaded(name).answer(QUESTIONS, {"max_answer_length": LONGEST})
    for fields, asked in zip(found, QUESTIONS, strict=True):
        assert_answered(fields, by_itself(READERS[name], asked))


@pytest.mark.parametrize("name", [name for name in READERS if name != "Longformer"])
def test_separators_in_texts_are_read_as_the_tokenizer_reads_them(
    name: str, loaded: Callable[[str], LoadedModel]
) -> None:
    asked = separated(READERS[name].separator)
    for fields, one in zip(loaded(name).answer(asked, {"max_answer_length": LONGEST}), asked, strict=True):
        assert_answered(fields, by_itself(READERS[name], one))
        assert one["context"][fields["start"] : fields["end"]] == fields["answer"]


def test_a_text_that_is_too_short_for_the_model_by_itself_is_answered(loaded: Callable[[str], LoadedModel]) -> None:
    """Funnel fails on so few tokens."""
    asked = {"question": "\u0001", "context": "a"}
    with pytest.raises(RuntimeError, match="broadcast"):
        by_itself(READERS["Funnel"], asked)
    assert loaded("Funnel").answer([asked])[0]["answer"] == "a"


class TestLongformer:
    """Its model fails on texts with separators, from which it would tell which tokens are the question's."""

    READER = READERS["Longformer"]
    ASKED = separated(READER.separator)

    def test_it_counts_separators_where_it_is_not_told(self) -> None:
        with pytest.raises(AssertionError, match="exactly three separator tokens"):
            by_itself(self.READER, self.ASKED[0])

    def test_it_is_told_which_tokens_are_the_questions(self, loaded: Callable[[str], LoadedModel]) -> None:
        found = loaded("Longformer").answer([*self.ASKED, *QUESTIONS], {"max_answer_length": LONGEST})
        for fields, asked in zip(found, [*self.ASKED, *QUESTIONS], strict=True):
            texts = self.READER.tokenizer()(asked["question"], asked["context"]).sequence_ids()
            ends = texts.index(0) + texts.count(0)
            mask = torch.tensor([[int(place < ends) for place in range(len(texts))]])
            assert_answered(fields, by_itself(self.READER, asked, global_attention_mask=mask))

    @pytest.mark.parametrize("method", [Method.IntegratedGradients, Method.FeatureAblation])
    async def test_its_answers_are_explained(
        self, method: Method, loaded: Callable[[str], LoadedModel], workers: Workers
    ) -> None:
        handler = GeneralizedHandler("longformer", loaded("Longformer"), workers)
        parameters = {"method": method.value, "steps": 8, "max_steps": 16, "samples": 8}
        explained = await handler.explain([QUESTIONS[0], *self.ASKED[:2]], parameters)
        answers = await handler.answer([QUESTIONS[0], *self.ASKED[:2]])
        for one, answer in zip(explained, answers, strict=True):
            assert one.answer == pytest.approx(dict(answer.fields))
            assert [explanation.target for explanation in one.explanations] == ["start", "end"]
            assert all(any(token.importance for token in part.tokens) for part in one.explanations)
