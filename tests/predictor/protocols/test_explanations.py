"""Explanations as clients receive them."""

from dataclasses import replace

import orjson

from transformermodel_api.spec import TaskName
from transformermodel_predictor.explanations.explanation import Explained, Explanation, Method, Part
from transformermodel_predictor.protocols.explanations import (
    write_ancestor_explained,
    write_explained,
    write_v1_explained,
)

EXPLANATION = Explanation(
    method=Method.IntegratedGradients,
    target="POSITIVE",
    score=0.75,
    tokens=(Part("wun", "text", 0, 3, 0.6), Part("##der", "text", 3, 6, -0.8)),
    words=(Part("wunder", "text", 0, 6, -0.2),),
    delta=0.01,
    steps=32,
    details={"start": 0},
)
EXPLAINED = Explained({"label": "POSITIVE", "score": 0.75}, (EXPLANATION,), truncated=3)


def test_our_form_has_tokens_and_words_with_their_places() -> None:
    assert write_explained(EXPLAINED) == {
        "answer": {"label": "POSITIVE", "score": 0.75},
        "explanations": [
            {
                "method": "integrated_gradients",
                "target": "POSITIVE",
                "score": 0.75,
                "tokens": [
                    {"text": "wun", "field": "text", "start": 0, "end": 3, "importance": 0.6},
                    {"text": "##der", "field": "text", "start": 3, "end": 6, "importance": -0.8},
                ],
                "words": [{"text": "wunder", "field": "text", "start": 0, "end": 6, "importance": -0.2}],
                "delta": 0.01,
                "converged": True,
                "steps": 32,
                "details": {"start": 0},
            }
        ],
        "truncated_tokens": 3,
    }


def test_whether_the_delta_came_under_the_tolerance_is_told_where_there_is_one() -> None:
    rough, silent = replace(EXPLANATION, converged=False), replace(EXPLANATION, delta=None)
    told = write_v1_explained(TaskName.SequenceClassification, replace(EXPLAINED, explanations=(rough, silent)))
    assert [(one["delta"], one["converged"]) for one in told["explanations"]] == [(0.01, False), (None, None)]
    ancestors = write_ancestor_explained(TaskName.SequenceClassification, replace(EXPLAINED, explanations=(rough,)))
    assert "converged" not in ancestors


def test_what_has_nothing_to_explain_still_has_an_answer() -> None:
    assert write_explained(Explained({"entities": []}, ())) == {
        "answer": {"entities": []},
        "explanations": [],
        "truncated_tokens": 0,
    }


def test_all_of_it_is_json() -> None:
    orjson.dumps(write_explained(EXPLAINED))
    orjson.dumps(write_ancestor_explained(TaskName.SequenceClassification, EXPLAINED))


def test_the_ancestors_words_are_tokens() -> None:
    for task in (TaskName.SequenceClassification, TaskName.TokenClassification, TaskName.TextGeneration):
        assert write_ancestor_explained(task, EXPLAINED) == {
            "words": ["wun", "##der"],
            "importances": [0.6, -0.8],
            "delta": 0.01,
        }


def test_several_targets_are_a_list_that_names_them() -> None:
    other = replace(EXPLANATION, target="NEGATIVE", tokens=(), delta=None)
    two = replace(EXPLAINED, explanations=(EXPLANATION, other))
    assert write_ancestor_explained(TaskName.SequenceClassification, two) == [
        {"target": "POSITIVE", "words": ["wun", "##der"], "importances": [0.6, -0.8], "delta": 0.01},
        {"target": "NEGATIVE", "words": [], "importances": [], "delta": None},
    ]


def test_no_target_is_no_words() -> None:
    none = Explained({"entities": []}, ())
    assert write_ancestor_explained(TaskName.TokenClassification, none) == {
        "words": [],
        "importances": [],
        "delta": None,
    }


def test_answers_to_questions_have_importances_of_start_and_end() -> None:
    tokens = (Part("who", "question", 0, 3, 1.0), Part("me", "context", 5, 7, 0.0))
    swapped = (replace(tokens[0], importance=0.6), replace(tokens[1], importance=0.8))
    start = replace(EXPLANATION, target="start", tokens=tokens, delta=0.5)
    end = replace(EXPLANATION, target="end", tokens=swapped, delta=-0.25)
    explained = Explained({"answer": "me"}, (start, end))
    assert write_ancestor_explained(TaskName.QuestionAnswering, explained) == {
        "words": ["who", "me"],
        "importances_answer_start": [1.0, 0.0],
        "importances_answer_end": [0.6, 0.8],
        "delta_start": 0.5,
        "delta_end": -0.25,
    }
    assert write_ancestor_explained(TaskName.QuestionAnswering, Explained({"answer": ""}, ())) == {
        "words": [],
        "importances_answer_start": [],
        "importances_answer_end": [],
        "delta_start": None,
        "delta_end": None,
    }
