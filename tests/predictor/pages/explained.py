"""Explanations by hand."""

from dataclasses import replace

from transformermodel_predictor.explanations.explanation import Explained, Explanation, Method, Part
from transformermodel_predictor.pages.explanation_page import ExplainedQuestion

TEXT = "The plot was  dull, but I loved it."
HOSTILE = "<script>alert('x')</script> \"quoted\" & שלום \N{RIGHT-TO-LEFT OVERRIDE}abc 😀 </style>"


def explanation(text: str, *importances: float, method: Method = Method.IntegratedGradients) -> Explanation:
    """Why a text, whose words are those between blanks, is POSITIVE; words without an importance have 0."""
    words = []
    end = 0
    for number, word in enumerate(text.split()):
        start = text.index(word, end)
        end = start + len(word)
        words.append(Part(word, "text", start, end, importances[number] if number < len(importances) else 0.0))
    return Explanation(method, "POSITIVE", 0.92, tuple(words), tuple(words), 0.003, 29)


def question(text: str, *explanations: Explanation, truncated: int = 0) -> ExplainedQuestion:
    return ExplainedQuestion({"text": text}, Explained({"label": "POSITIVE", "score": 0.92}, explanations, truncated))


def of_target(explanation: Explanation, target: str) -> Explanation:
    return replace(explanation, target=target)
