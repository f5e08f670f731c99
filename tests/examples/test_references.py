"""Answers of the examples beside independent ones: transformers' pipelines, and what the models gave when trained."""

from typing import Any

import pytest
import torch
from transformers import (
    AutoModelForQuestionAnswering,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    pipeline,
)

from tests.examples.conftest import Example
from transformermodel_predictor.tasks.configuration import TaskConfiguration
from transformermodel_predictor.tasks.entities import Aggregation
from transformermodel_predictor.tasks.sequence_classification import SequenceClassification

SARAH = "My name is Sarah and I live in London."
TEXTS = (
    SARAH,
    "Angela Merkel and Barack Obama met at Microsoft headquarters in Redmond on Friday, 5 June 2015.",
    "Größe 東京 😀 — Jean-Baptiste from São Paulo bought zzqxyz for U.S. $5",
    "The European Commission said on Thursday it disagreed with German advice to consumers to shun British lamb.",
    "Unbelievable Llanfairpwllgwyngyll!",
    "",
)

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("aggregation", list(Aggregation))
def test_entities_are_those_of_transformers_pipeline(example: Example, aggregation: Aggregation) -> None:
    model = example("entities")
    reference: Any = pipeline(
        "token-classification",
        model=str(model.artifact.path),
        device="cpu",
        aggregation_strategy=aggregation.value,
        ignore_labels=[],
    )
    parameters = {"aggregation_strategy": aggregation.value, "ignore_labels": []}
    for text, answer in zip(TEXTS, model.answer([{"text": text} for text in TEXTS], parameters), strict=True):
        expected = reference(text)
        found = answer["entities"]
        kind = "entity" if aggregation is Aggregation.none else "entity_group"
        assert [(entity["entity"], entity["start"], entity["end"]) for entity in found] == [
            (entity[kind], entity["start"], entity["end"]) for entity in expected
        ]
        assert [entity["score"] for entity in found] == pytest.approx(
            [entity["score"] for entity in expected], abs=1e-4
        )
        assert all(text[entity["start"] : entity["end"]] == entity["text"] for entity in found)


def test_a_word_that_loses_its_accents_is_still_a_word(example: Example) -> None:
    """The pipeline takes it for the end of the word before, because its token is shorter than it."""
    text = "in Cote\u0301 d'Azur"
    (answer,) = example("entities").answer([{"text": text}], {"aggregation_strategy": "first", "ignore_labels": ["O"]})
    assert [(entity["start"], entity["end"]) for entity in answer["entities"]] == [(3, len(text))]


def test_multi_label_answers_are_those_of_transformers_pipeline(example: Example) -> None:
    """The sentiment model, told that both labels may hold."""
    model = example("sentiment")
    loaded = AutoModelForSequenceClassification.from_pretrained(model.artifact.path)
    loaded.config.problem_type = "multi_label_classification"
    reference: Any = pipeline(
        "text-classification", model=loaded, tokenizer=model.tokenizer, device="cpu", top_k=None, truncation=True
    )
    task = SequenceClassification(TaskConfiguration(model.task.labels, 64, multi_label=True))
    for text in TEXTS:
        question = task.question({"text": text}, {"top_k": 2})
        windows = task.encode(model.tokenizer, [question])
        fields = task.fields(task.decode([question], windows, [model.engine.run(windows[0])])[0])
        (expected,) = reference([text])
        assert fields["label"] == [entry["label"] for entry in expected]
        assert fields["score"] == pytest.approx([entry["score"] for entry in expected], abs=1e-4)


def test_the_answer_is_the_best_of_all_spans_of_the_models_own_logits(example: Example) -> None:
    """Counted one by one over the logits of transformers' model, on a context that is one window."""
    model = example("questions")
    question, context = "Where do I live?", SARAH
    tokenizer = AutoTokenizer.from_pretrained(model.artifact.path)
    tokens = tokenizer(question, context, return_tensors="pt", return_offsets_mapping=True)
    texts = tokens.sequence_ids(0)
    offsets = tokens.pop("offset_mapping")[0].tolist()
    with torch.inference_mode():
        output = AutoModelForQuestionAnswering.from_pretrained(model.artifact.path)(**tokens)
    start, end = output.start_logits[0], output.end_logits[0]
    assert (int(start.argmax()), int(end.argmax())) == (15, 15)
    assert (float(start[15]), float(end[15])) == pytest.approx((4.9467, 5.7619), abs=1e-3)

    places = [position for position, text in enumerate(texts) if text == 1]
    logits = {(s, e): float(start[s] + end[e]) for s in places for e in places if s <= e < s + 30}
    total = torch.tensor(list(logits.values())).logsumexp(0)
    best = sorted(logits, key=lambda span: -logits[span])[:3]
    expected = [(context[offsets[s][0] : offsets[e][1]], float((logits[s, e] - total).exp())) for s, e in best]

    (fields,) = model.answer([{"question": question, "context": context}], {"top_k": 3})
    assert [answer["answer"] for answer in fields["answers"]] == [text for text, _ in expected]
    assert [answer["score"] for answer in fields["answers"]] == pytest.approx(
        [score for _, score in expected], abs=1e-4
    )


def test_an_answer_deep_in_a_long_context_is_found_at_its_place(example: Example) -> None:
    model = example("questions")
    founded = "Microsoft was founded by Bill Gates and Paul Allen on April 4, 1975."
    filler = "Nobody knew what would come next, and few people cared about it. "
    for ahead in (0, 9, 23):
        context = filler * ahead + founded + " " + filler * 12
        (fields,) = model.answer([{"question": "Who founded Microsoft?", "context": context}])
        assert "Bill Gates" in fields["answer"]
        assert context[fields["start"] : fields["end"]] == fields["answer"]
        assert fields["start"] >= len(filler) * ahead
