import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from tests.predictor.torchserve.ts.archives import EXPLAIN, ask, context_of
from transformermodel_predictor.torchserve.testing import handlers_can_import

with handlers_can_import():
    from ts.handler_utils.text_utils import get_tokenizer, ngrams_iterator
    from ts.torch_handler.bag_attribution import of_words
    from ts.torch_handler.text_classifier import TextClassifier
    from ts.utils.util import PredictionException

MODEL = """\
from torch import nn


class Bag(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.EmbeddingBag(10, 4, mode="MODE")
        self.hidden = nn.Linear(4, 5)
        self.classify = nn.Linear(5, 3)

    def forward(self, text, offsets):
        return self.classify(self.hidden(self.embedding(text, offsets)).tanh())
"""
VOCABULARY = {"<unk>": 0, "great": 1, "movie": 2, "great movie": 3, "is": 4, "not": 5, "is not": 6, "cafe": 7}
GREAT, ROTTEN = "great movie", "rotten"


def loaded(directory: Path, vocabulary: Any, mode: str = "mean") -> Any:
    """A text classifier with a vocabulary and labels."""
    (directory / "bag.py").write_text(MODEL.replace("MODE", mode))
    (directory / "index_to_name.json").write_text('{"0": "good", "1": "bad", "2": "so so"}')
    torch.save(vocabulary, directory / "source_vocab.pt")
    torch.manual_seed(1)
    handler = TextClassifier()
    handler.initialize(context_of(directory, modelFile="bag.py"))
    return handler


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with handlers_can_import():
        return loaded(tmp_path_factory.mktemp("archive"), VOCABULARY)


def probabilities(classifier: Any, indices: list[int]) -> dict[str, float]:
    with torch.no_grad():
        logits = classifier.model(torch.tensor(indices), torch.tensor([0]))
    return dict(zip(["good", "bad", "so so"], logits.softmax(1)[0].tolist(), strict=True))


def test_every_text_of_a_batch_has_the_probabilities_of_all_classes(classifier: Any) -> None:
    rows = [{"data": GREAT.encode()}, {"body": "<b>Great</b> Movie, isn't!"}, {"body": ROTTEN}]
    answers = ask(classifier, classifier.context, rows)
    # Words, then pairs of words; what is not in the vocabulary is <unk>.
    for answer, indices in zip(answers, ([1, 2, 3], [1, 2, 4, 5, 3, 0, 6], [0]), strict=True):
        assert answer == pytest.approx(probabilities(classifier, indices))


def test_one_text_is_prepared_as_subclasses_expect(classifier: Any) -> None:
    indices, words = classifier.preprocess([{"data": "Café, GREAT!"}])
    assert indices.tolist() == [7, 1, 0]
    assert words == ["cafe", "great"]


@pytest.mark.parametrize("vocabulary", [dict(VOCABULARY), Counter(VOCABULARY), {"great": 1}])
def test_unknown_words_have_a_place_in_every_vocabulary(tmp_path: Path, vocabulary: Any) -> None:
    handler = loaded(tmp_path, vocabulary)
    assert handler.preprocess([{"data": "great unheard"}])[0].tolist() == [1, 0, 0]


@pytest.mark.parametrize("mode", ["mean", "sum"])
def test_what_words_contribute_adds_up_to_the_difference_to_unknown_words(tmp_path: Path, mode: str) -> None:
    handler = loaded(tmp_path, VOCABULARY, mode)
    handler.summarize_attributions = lambda found: found.sum(dim=-1)
    (explained,) = ask(handler, handler.context, [{"data": GREAT, "target": 1}], EXPLAIN)
    assert explained["words"] == ["great", "movie"]
    (importances,) = explained["importances"]
    with torch.no_grad():
        text, unknown = (handler.model(torch.tensor(bag), torch.tensor([0]))[0, 1] for bag in ([1, 2, 3], [0, 0, 0]))
    assert sum(importances) == pytest.approx(float(text - unknown), abs=1e-3)


def test_every_text_of_a_batch_is_explained_as_if_it_were_alone(classifier: Any) -> None:
    rows = [{"data": GREAT, "target": 1}, {"data": f"{ROTTEN} movie", "target": 0}]
    together = ask(classifier, classifier.context, rows, EXPLAIN)
    assert together == [ask(classifier, classifier.context, [row], EXPLAIN)[0] for row in rows]
    (importances,) = together[0]["importances"]
    assert torch.linalg.vector_norm(torch.tensor(importances)).item() == pytest.approx(1)
    assert ask(classifier, classifier.context, [{"data": ""}], EXPLAIN) == [{"importances": [[]], "words": []}]


@pytest.mark.parametrize("target", [3, -4, "so so", (0, 1), 0.5])
def test_a_target_that_the_model_does_not_have_is_refused_to_its_row_alone(classifier: Any, target: Any) -> None:
    context = classifier.context
    refused, explained = ask(classifier, context, [{"data": GREAT, "target": target}, {"data": GREAT}], EXPLAIN)
    assert refused == f"target {target!r} cannot be explained: it must be a whole number from 0 to 2"
    assert [context.get_response_status(row)[0] for row in (0, 1)] == [400, 200]
    assert explained == ask(classifier, context, [{"data": GREAT}], EXPLAIN)[0]


def test_words_that_contribute_nothing_are_zero_and_not_a_number(classifier: Any) -> None:
    (explained,) = ask(classifier, classifier.context, [{"data": ROTTEN}], EXPLAIN)
    assert explained == {"importances": [[0.0]], "words": [ROTTEN]}


def test_an_embedding_of_single_words_is_explained_too(tmp_path: Path) -> None:
    class Words(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(10, 4)
            self.classify = nn.Linear(4, 3)

        def forward(self, text: torch.Tensor, offsets: torch.Tensor) -> torch.Tensor:
            return self.classify(self.embedding(text).sum(dim=0, keepdim=True))

    handler = loaded(tmp_path, VOCABULARY)
    handler.model = Words()
    handler.ngrams = 1
    (explained,) = ask(handler, handler.context, [{"data": GREAT, "target": 1}], EXPLAIN)
    assert len(explained["importances"][0]) == 2
    handler.model = nn.Linear(1, 1)
    with pytest.raises(PredictionException, match="needs the layer `embedding`"):
        ask(handler, handler.context, [{"data": GREAT}], EXPLAIN)


def test_a_pair_of_words_is_shared_between_them() -> None:
    assert of_words([1.0, 2.0, 3.0, 10.0, 100.0], words=3, ngrams=2) == [6.0, 57.0, 53.0]


def test_a_vocabulary_that_is_missing_or_of_a_package_that_is_not_there_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler = loaded(tmp_path, VOCABULARY)
    context = context_of(tmp_path, modelFile="bag.py", sourceVocab="own.pt")
    with pytest.raises(RuntimeError, match=r"own.pt is missing: a text handler needs its vocabulary"):
        handler.initialize(context)
    (tmp_path / "gone.py").write_text("class Vocab(dict):\n    pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    import gone

    torch.save(gone.Vocab(VOCABULARY), tmp_path / "own.pt")
    monkeypatch.setitem(sys.modules, "gone", None)
    with pytest.raises(RuntimeError, match="saved with the package gone, which is not installed"):
        handler.initialize(context)


@pytest.mark.parametrize(
    ("step", "text", "expected"),
    [
        ("_expand_contractions", "I can't've gone, You'll see", "I cannot have gone, You will see"),
        ("_expand_contractions", "ISN'T it", "Is not it"),
        ("_remove_accented_characters", "naïve Grüße", "naive Grue"),
        ("_remove_html_tags", "<p>x</p> &amp; y", "x  y"),
        ("_remove_punctuation", "a!b,c.  d", "abc  d"),
        ("_remove_puncutation", "a!", "a"),
        ("_tokenize", "A!b,c.  d", ["a", "!", "b", ",", "c", ".", "d"]),
        ("get_word_token", ["Ġa", "▁b", "c"], ["a", "b", "c"]),
    ],
)
def test_texts_are_cleaned_in_steps_that_subclasses_use(classifier: Any, step: str, text: Any, expected: Any) -> None:
    assert getattr(classifier, step)(text) == expected


def test_tokenizers_go_by_name() -> None:
    basic = get_tokenizer("basic_english")
    assert basic('You\'re <br />  (Fun), "it"; a.b: c?') == [
        *["you", "'", "re", "(", "fun", ")", ",", "it", "a", ".", "b", "c", "?"]
    ]
    assert get_tokenizer(None)("a  b") == ["a", "b"]
    assert get_tokenizer(str.splitlines) is str.splitlines
    with pytest.raises(ValueError, match="no tokenizer 'spacy' for 'de'"):
        get_tokenizer("spacy", "de")


def test_ngrams_come_by_their_length() -> None:
    assert list(ngrams_iterator(["a", "b", "c"], 3)) == ["a", "b", "c", "a b", "b c", "a b c"]
