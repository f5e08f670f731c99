"""Entities beside those of transformers' pipeline, on words of several pieces and on texts of several windows."""

import math
from typing import Any

import pytest
import torch
from transformers import BertTokenizer, PreTrainedModel, pipeline
from transformers.pipelines.token_classification import AggregationStrategy

from tests.predictor.explanations.tasks.tiny_heads import TAGS, make_tagger
from tests.predictor.one_thread import with_one_thread
from transformermodel_predictor.engines.pretrained import PretrainedEngine
from transformermodel_predictor.tasks.configuration import TaskConfiguration
from transformermodel_predictor.tasks.entities import Aggregation
from transformermodel_predictor.tasks.token_classification import TokenClassification

STRIDE = 4
TEXTS = (
    "São Paulo 😀 東京 London-er",
    "LONDON東京São a.a, zzz",
    " in  London\n\tto  Größe's",
    "Saolondoner aaaaa in paulo to London 東京東京, aaaaaaaaaaaaa iiinn. São Saos 😀 to paulolo in Londonerer",
)

_PIECES = "sao ##s lon ##don ##er pau ##lo in to 東 京 😀 . , ' - a ##a i ##i ##n"
_VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *_PIECES.split()]


one_thread = pytest.fixture(scope="module", autouse=True)(with_one_thread)


@pytest.fixture(scope="module")
def tokenizer() -> BertTokenizer:
    return BertTokenizer(vocab={piece: number for number, piece in enumerate(_VOCABULARY)})


@pytest.fixture(scope="module")
def tagger() -> PreTrainedModel:
    model = make_tagger(len(_VOCABULARY))
    model.config.id2label = dict(enumerate(TAGS))
    return model


@torch.inference_mode()
def passed(model: PreTrainedModel, tokenizer: BertTokenizer, text: str, longest: int) -> dict[str, Any]:
    """What the pipeline's model would hand on of a text that is one window to it: each token as its best window has it.

    The windows are the tokenizer's own; a token's best is where more stands on the poorer of its sides.
    """
    whole = tokenizer(text, return_offsets_mapping=True, return_special_tokens_mask=True)
    cut = tokenizer(text, truncation=True, max_length=longest, stride=STRIDE, return_overflowing_tokens=True)
    length = len(whole["input_ids"]) - 2
    logits, most, first = torch.zeros(1, length + 2, len(TAGS)), [-1.0] * length, 0
    for ids in cut["input_ids"]:
        content = len(ids) - 2
        found = model(input_ids=torch.tensor([ids])).logits[0]
        for place in range(content):
            left = place if first else math.inf
            right = content - 1 - place if first + content < length else math.inf
            if min(left, right) > most[first + place]:
                most[first + place] = min(left, right)
                logits[0, first + place + 1] = found[place + 1]
        first += content - STRIDE
    return {
        "logits": logits,
        "sentence": text,
        "input_ids": torch.tensor([whole["input_ids"]]),
        "offset_mapping": torch.tensor([whole["offset_mapping"]]),
        "special_tokens_mask": torch.tensor([whole["special_tokens_mask"]]),
    }


@pytest.mark.parametrize("longest", [16, 64], ids=["windows", "whole"])
@pytest.mark.parametrize("aggregation", list(Aggregation))
def test_they_are_those_of_transformers_pipeline(
    aggregation: Aggregation, longest: int, tagger: PreTrainedModel, tokenizer: BertTokenizer
) -> None:
    reference: Any = pipeline("token-classification", model=tagger, tokenizer=tokenizer, device="cpu")
    task = TokenClassification(TaskConfiguration(TAGS, longest))
    parameters = {"aggregation_strategy": aggregation.value, "ignore_labels": [], "stride": STRIDE}
    asked = [task.question({"text": text}, parameters) for text in TEXTS]
    windows = task.encode(tokenizer, asked)
    assert [len(parts) > 1 for parts in windows] == [longest == 16 and text is TEXTS[-1] for text in TEXTS]

    outputs = [PretrainedEngine(tagger).run(parts) for parts in windows]

    for text, answer in zip(TEXTS, task.decode(asked, windows, outputs), strict=True):
        expected = reference.postprocess(
            [passed(tagger, tokenizer, text, longest)], AggregationStrategy(aggregation.value), ignore_labels=[]
        )
        kind = "entity" if aggregation is Aggregation.none else "entity_group"
        found = task.fields(answer)["entities"]
        assert [(one["entity"], one["start"], one["end"]) for one in found] == [
            (one[kind], one["start"], one["end"]) for one in expected
        ]
        assert [one["score"] for one in found] == pytest.approx([one["score"] for one in expected], abs=1e-4)
