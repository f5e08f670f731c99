"""What the ancestor's handler answers, compared with what transformers itself says of the same model."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from tests.predictor.torchserve.ancestor.archives import LABELS, TAGS, AncestorArchive, head_of
from tests.predictor.torchserve.ancestor.asking import Asked

ArchiveOf = Callable[..., AncestorArchive]
AncestorOf = Callable[..., Asked]

SAVE_MODES = ("pretrained", "torchscript")
TEXT = "i love this movie"
QUESTION = {"question": "was it good", "context": "It was Bad. I love this Movie"}


@torch.inference_mode()
def outputs(archive: AncestorArchive, mode: str, text: str, pair: str | None = None) -> Any:
    encoded = AutoTokenizer.from_pretrained(archive.folder)(text, pair, return_tensors="pt")
    return head_of(archive.folder, mode)(**encoded)


def expected_label(archive: AncestorArchive, text: str) -> str:
    return LABELS[int(outputs(archive, "sequence_classification", text).logits.argmax())]


def expected_tags(archive: AncestorArchive, text: str) -> list[list[str]]:
    logits = outputs(archive, "token_classification", text).logits[0, 1:-1]
    return [[word, TAGS[int(row.argmax())]] for word, row in zip(text.split(), logits, strict=True)]


def expected_span(archive: AncestorArchive, question: str, context: str, *, types: bool) -> str:
    """The part of the context with the largest sum of start and end logits."""
    encoded = AutoTokenizer.from_pretrained(archive.folder)(
        question, context, return_tensors="pt", return_offsets_mapping=True
    )
    places = encoded.pop("offset_mapping")[0].tolist()
    of_context = [position for position, text in enumerate(encoded.sequence_ids(0)) if text == 1]
    if not types:
        del encoded["token_type_ids"]
    with torch.inference_mode():
        found = head_of(archive.folder, "question_answering")(**encoded)
    start, end = found.start_logits[0], found.end_logits[0]
    spans = [(first, last) for first in of_context for last in of_context if first <= last]
    first, last = max(spans, key=lambda span: float(start[span[0]] + end[span[1]]))
    return context[places[first][0] : places[last][1]]


@pytest.mark.parametrize("save_mode", SAVE_MODES)
def test_a_text_is_answered_with_its_bare_label(archive_of: ArchiveOf, ancestor: AncestorOf, save_mode: str) -> None:
    whole = archive_of("sequence_classification")
    texts = [TEXT, "it was bad", "good"]
    told = ancestor("sequence_classification", save_mode).predict(*texts)
    assert [one.answer for one in told] == [expected_label(whole, text) for text in texts]


@pytest.mark.parametrize("save_mode", SAVE_MODES)
def test_tokens_are_answered_with_their_tags_and_without_special_ones(
    archive_of: ArchiveOf, ancestor: AncestorOf, save_mode: str
) -> None:
    whole = archive_of("token_classification")
    told = ancestor("token_classification", save_mode).predict(TEXT, "it was bad")
    assert [one.answer for one in told] == [expected_tags(whole, TEXT), expected_tags(whole, "it was bad")]


@pytest.mark.parametrize("save_mode", SAVE_MODES)
def test_a_question_is_answered_with_the_best_part_of_the_context_as_it_is_written(
    archive_of: ArchiveOf, ancestor: AncestorOf, save_mode: str
) -> None:
    """The traced graph takes no token types: what it was traced without it cannot be given."""
    expected = expected_span(archive_of("question_answering"), **QUESTION, types=save_mode == "pretrained")
    (told,) = ancestor("question_answering", save_mode).predict(QUESTION)
    assert told.answer == expected
    assert told.answer in QUESTION["context"]


def test_a_long_context_is_read_to_its_end_and_the_question_is_never_cut(ancestor: AncestorOf) -> None:
    context = "it was bad " * 40
    (told,) = ancestor("question_answering").predict({"question": "was it good", "context": context})
    assert told.answer
    assert told.answer in context
    assert told.headers == {}


def test_a_question_that_leaves_no_room_for_its_context_is_refused_alone(ancestor: AncestorOf) -> None:
    told = ancestor("question_answering").predict(QUESTION, {"question": "what " * 40, "context": "it"})
    assert [one.status for one in told] == [200, 400]
    assert told[1].answer.startswith("the question is too long")


def test_prompts_are_continued_together_as_each_is_alone(archive_of: ArchiveOf, ancestor: AncestorOf) -> None:
    folder = archive_of("text_generation").folder
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModelForCausalLM.from_pretrained(folder).eval()
    prompts = ["once upon a time there", "the"]
    expected = []
    for prompt in prompts:
        encoded = tokenizer(prompt, return_tensors="pt", return_token_type_ids=False)
        written = model.generate(**encoded, max_new_tokens=6, do_sample=False, pad_token_id=2)
        expected.append(tokenizer.decode(written[0, encoded["input_ids"].shape[1] :], skip_special_tokens=True))
    told = [one.answer for one in ancestor("text_generation").predict(*prompts)]
    assert told == [text.rstrip("\ufffd") for text in expected]  # a character that is not whole is not told


class TestGenerationAsTheAncestorHadIt:
    @pytest.fixture(scope="class")
    def sampling(self, archive_of: ArchiveOf) -> Asked:
        """Without `generation` the ancestor's own settings hold."""
        return Asked(archive_of("text_generation").with_settings(generation=None, max_length="8"))

    def test_the_answer_begins_with_the_prompt(self, sampling: Asked) -> None:
        (told,) = sampling.predict("once upon")
        assert told.answer.startswith("once upon")

    def test_the_prompt_can_be_left_out(self, sampling: Asked) -> None:
        whole, rest = sampling.predict(
            {"text": "once upon", "seed": 3}, {"text": "once upon", "seed": 3, "return_full_text": False}
        )
        assert whole.answer == f"once upon{rest.answer}"

    def test_a_seed_gives_the_same_text_again(self, sampling: Asked) -> None:
        body = {"text": "once upon", "seed": 7}
        assert sampling.predict(body)[0].answer == sampling.predict("the", body)[1].answer

    def test_what_follows_a_long_prompt_fits_the_model(self, archive_of: ArchiveOf) -> None:
        asked = Asked(archive_of("text_generation").with_settings(generation=None, max_length=300))
        (told,) = asked.predict({"text": "the quick brown fox " * 30, "do_sample": False})
        assert told.status == 200
        assert int(told.headers["x-truncated-tokens"]) > 0


def test_a_text_is_cut_to_max_length_and_it_is_told(ancestor: AncestorOf) -> None:
    short, long = ancestor("sequence_classification").predict(TEXT, "good " * 30)
    assert short.headers == {}
    assert long.headers == {"x-truncated-tokens": "8"}


def test_scores_are_told_to_who_asks_for_them(ancestor: AncestorOf) -> None:
    (told,) = ancestor("sequence_classification").predict({"text": TEXT, "top_k": 2, "probabilities": True})
    assert told.answer["score"] == sorted(told.answer["score"], reverse=True)
    assert sum(told.answer["probabilities"]) == pytest.approx(1)
    (label,) = (one.answer for one in ancestor("sequence_classification").predict(TEXT))
    assert told.answer["label"][0] == label


def test_several_answers_are_told_to_who_asks_for_them(ancestor: AncestorOf) -> None:
    asked = ancestor("question_answering")
    bare, detailed = asked.predict(QUESTION, {**QUESTION, "top_k": 2})
    assert detailed.answer["answers"][0]["answer"] == bare.answer
    assert len(detailed.answer["answers"]) == 2


def test_a_traced_graph_cannot_write_on_and_says_so_when_it_is_loaded(archive_of: ArchiveOf) -> None:
    with pytest.raises(Exception, match=r"'tiny' holds a traced graph .* which cannot generate text: pack the model"):
        Asked(archive_of("text_generation").with_settings(save_mode="torchscript"))
