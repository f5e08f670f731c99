"""Methods are tried on what a tokenizer makes of texts: with what it writes around them, and nothing else kept."""

import pytest
from tokenizers.processors import TemplateProcessing
from transformers import CanineConfig, LlamaConfig

from tests.predictor.tiny_language import make_language_tokenizer
from transformermodel_predictor.explanations.embeddings import NotDifferentiable
from transformermodel_predictor.explanations.probes import Frame, probes_for
from transformermodel_predictor.loading import LoadedModel


def test_an_encoder_keeps_the_special_tokens_at_both_ends(tiny_model: LoadedModel) -> None:
    tokenizer = tiny_model.tokenizer
    frame = Frame.of(tokenizer)
    assert (list(frame.before), list(frame.after)) == ([tokenizer.cls_token_id], [tokenizer.sep_token_id])
    for probe in probes_for(LlamaConfig(vocab_size=len(tokenizer)), frame):
        tokens = probe.encoding.features["input_ids"]
        assert (tokens[0], tokens[-1]) == (tokenizer.cls_token_id, tokenizer.sep_token_id)
        assert (probe.features[0], probe.features[-1]) == (None, None)
        assert None not in probe.features[1:-1]
        assert not set(tokens[1:-1]) & set(tokenizer.all_special_ids)


def test_of_a_language_model_without_special_tokens_the_first_token_is_tried_as_well() -> None:
    frame = Frame.of(make_language_tokenizer())
    assert (list(frame.before), list(frame.after)) == ([], [])
    (probe,) = probes_for(LlamaConfig(vocab_size=320), frame, generates=True)
    assert None not in probe.features


def test_a_token_that_ends_texts_is_kept_where_it_is_the_only_one() -> None:
    tokenizer = make_language_tokenizer()
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(single="$0 </s>", special_tokens=[("</s>", 2)])
    frame = Frame.of(tokenizer)
    assert (list(frame.before), list(frame.after)) == ([], [2])
    probe, *_ = probes_for(LlamaConfig(vocab_size=320), frame)
    assert probe.encoding.features["input_ids"].count(2) == 1


def test_without_a_vocabulary_there_is_nothing_to_try() -> None:
    with pytest.raises(NotDifferentiable, match="vocab_size"):
        probes_for(CanineConfig())
