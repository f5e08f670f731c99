"""Expansions of English contractions."""

from collections.abc import Iterator

_ENDINGS = {"'d": "would", "'ll": "will", "'ve": "have"}
_ENDINGS_OF = {
    "am": ("i",),
    "is": ("he", "she", "it", "that", "there", "here", "what", "when", "where", "who", "why", "how"),
    "are": ("you", "we", "they", "what", "who"),
}
_SUBJECTS = ("i", "you", "he", "she", "it", "we", "they", "that", "there", "what", "who", "where", "why", "how", "when")
_AUXILIARIES = ("could", "might", "must", "should", "would", "may", "need", "ought", "had")
_NEGATED = ("are", "did", "do", "does", "has", "have", "is", "was", "were")
_IRREGULAR = {
    "'cause": "because",
    "ain't": "is not",
    "can't": "cannot",
    "how'd": "how did",
    "how'd'y": "how do you",
    "let's": "let us",
    "ma'am": "madam",
    "o'clock": "of the clock",
    "sha'n't": "shall not",
    "shan't": "shall not",
    "so's": "so is",
    "so've": "so have",
    "to've": "to have",
    "where'd": "where did",
    "why'd": "why did",
    "will've": "will have",
    "won't": "will not",
    "y'all": "you all",
    "y'all'd": "you all would",
    "y'all're": "you all are",
}
_WITH_HAVE = ("can't", "shan't", "won't", "y'all", "y'all'd")


def _contractions() -> Iterator[tuple[str, str]]:
    for subject in _SUBJECTS:
        for ending, full in _ENDINGS.items():
            yield f"{subject}{ending}", f"{subject} {full}"
        for ending in ("'d", "'ll"):
            yield f"{subject}{ending}'ve", f"{subject} {_ENDINGS[ending]} have"
    for auxiliary in _AUXILIARIES:
        yield f"{auxiliary}'ve", f"{auxiliary} have"
        yield f"{auxiliary}n't've", f"{auxiliary} not have"
    for negated in (*_AUXILIARIES, *_NEGATED):
        yield f"{negated}n't", f"{negated} not"
    for verb, subjects in _ENDINGS_OF.items():
        for subject in subjects:
            yield f"{subject}'{verb[1:]}", f"{subject} {verb}"
    for contraction in _WITH_HAVE:
        yield f"{contraction}'ve", f"{_IRREGULAR[contraction]} have"
    yield from _IRREGULAR.items()


CONTRACTION_MAP = dict(_contractions())
"""Contractions in lower case, and what they stand for."""
