"""Tokenizers of bytes: a space belongs to the word after it, and a character may be several tokens."""

import copy
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from transformermodel_predictor.tasks.configuration import TaskConfiguration
from transformermodel_predictor.tasks.question_answering import QuestionAnswering
from transformermodel_predictor.tasks.sequence_classification import SequenceClassification
from transformermodel_predictor.tasks.task import InvalidQuestion
from transformermodel_predictor.tasks.token_classification import TokenClassification
from transformermodel_predictor.tasks.windows import alignment_of

TEXT = "in São Paulo 😀 now"


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    """One token per byte, as GPT-2 and RoBERTa spell what they have never seen."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: number for number, token in enumerate(["<s>", "</s>", *alphabet])}
    bytes_only = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    bytes_only.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bytes_only.decoder = decoders.ByteLevel()
    bytes_only.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 1)]
    )
    return PreTrainedTokenizerFast(tokenizer_object=bytes_only, bos_token="<s>", eos_token="</s>")


def sure_of(alignment: Any, text: int, start: int, end: int) -> list[int]:
    """Positions of the tokens of a text's part, the space before it included."""
    return [
        position
        for position, (of, place) in enumerate(zip(alignment.texts, alignment.offsets, strict=True))
        if of == text and start - 1 <= place[0] and place[1] <= end
    ]


@pytest.mark.parametrize("part", ["São Paulo", "😀", "in"])
def test_entities_have_no_space_around_them_and_whole_characters(tokenizer: PreTrainedTokenizerFast, part: str) -> None:
    task = TokenClassification(TaskConfiguration(("O", "LOC"), 12))
    start = TEXT.index(part)
    question = task.question({"text": TEXT}, {})
    (windows,) = task.encode(tokenizer, [question])
    assert len(windows) > 1
    outputs = []
    for window in windows:
        logits = torch.tensor([[9.0, 0.0]]).repeat(len(window), 1)
        logits[sure_of(alignment_of(window), 0, start, start + len(part)), :] = torch.tensor([0.0, 9.0])
        outputs.append({"logits": logits})
    (entity,) = task.fields(task.decode([question], [windows], [outputs])[0])["entities"]
    assert (entity["text"], entity["start"], entity["end"]) == (part, start, start + len(part))


def test_answers_have_no_space_around_them_and_each_is_told_once(tokenizer: PreTrainedTokenizerFast) -> None:
    """The three spans of an emoji's bytes are one answer, with the space before it or without."""
    task = QuestionAnswering(TaskConfiguration((), 64))
    question = task.question({"question": "x", "context": TEXT}, {"top_k": 100, "max_answer_length": 5})
    (windows,) = task.encode(tokenizer, [question])
    start = TEXT.index("😀")
    outputs = []
    for window in windows:
        logits = torch.zeros(len(window))
        logits[sure_of(alignment_of(window), 1, start, start + 1)] = 9.0
        outputs.append({"start_logits": logits, "end_logits": logits})
    fields = task.fields(task.decode([question], [windows], [outputs])[0])
    assert (fields["answer"], fields["start"], fields["end"]) == ("😀", start, start + 1)
    places = [(answer["start"], answer["end"]) for answer in fields["answers"]]
    assert len(set(places)) == len(places)
    assert all(answer["answer"].strip() == answer["answer"] != "" for answer in fields["answers"])


@pytest.mark.parametrize("task", [SequenceClassification, TokenClassification])
def test_a_text_of_which_no_token_is_left_is_refused(
    task: type[SequenceClassification | TokenClassification], tokenizer: PreTrainedTokenizerFast
) -> None:
    """Many language models' tokenizers add no special tokens; a model cannot be run on nothing."""
    bare = copy.deepcopy(tokenizer)
    bare.backend_tokenizer.post_processor = None
    made = task(TaskConfiguration(("O", "LOC"), 12))
    full, empty = (made.question({"text": text}, {}) for text in ("in", ""))
    with pytest.raises(InvalidQuestion, match="text has no tokens") as refused:
        made.encode(bare, [full, empty])
    assert refused.value.question is empty
