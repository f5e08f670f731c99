import queue

import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel

from transformermodel_predictor.torchserve.testing import handlers_can_import

with handlers_can_import():
    from ts.handler_utils.hf_batch_streamer import TextIteratorStreamerBatch


class Bytes:
    """A tokenizer whose tokens are bytes."""

    def decode(self, tokens: list[int], skip_special_tokens: bool = False) -> str:
        kept = [token for token in tokens if token < 256] if skip_special_tokens else tokens
        return bytes(kept).decode(errors="replace")


def streamed(streamer: TextIteratorStreamerBatch, prompts: list[str], texts: list[str]) -> list[list[str]]:
    """What comes out of a streamer, when texts of equal length come after prompts."""
    streamer.put(torch.tensor([list(prompt.encode()) for prompt in prompts]))
    for step in zip(*(text.encode() for text in texts), strict=True):
        streamer.put(torch.tensor(step))
    streamer.end()
    return list(streamer)


def test_texts_come_word_by_word_and_are_whole_in_the_end() -> None:
    pieces = streamed(TextIteratorStreamerBatch(Bytes(), 2), ["a b", "c d"], [" one two", " three f"])
    assert ["".join(row) for row in zip(*pieces, strict=True)] == ["a b one two", "c d three f"]
    assert pieces[0] == ["a ", "c "]
    assert all(piece.endswith(" ") for row in zip(*pieces[:-1], strict=True) for piece in row if piece)


def test_what_a_model_generates_comes_while_it_does() -> None:
    torch.manual_seed(0)
    sizes = {"vocab_size": 256, "n_positions": 32, "n_embd": 8, "n_layer": 1, "n_head": 2}
    model = GPT2LMHeadModel(GPT2Config(**sizes, bos_token_id=0, eos_token_id=0)).eval()
    streamer = TextIteratorStreamerBatch(Bytes(), 2, timeout=60)
    prompts = torch.tensor([list(b"a b"), list(b"c d")])
    settings = {"max_new_tokens": 6, "do_sample": False, "eos_token_id": None, "pad_token_id": 0}
    generated = model.generate(prompts, attention_mask=torch.ones_like(prompts), streamer=streamer, **settings)
    pieces = list(streamer)
    assert len(pieces) == 1 + 6 + 1
    assert ["".join(row) for row in zip(*pieces, strict=True)] == [Bytes().decode(row) for row in generated.tolist()]


def test_prompts_may_be_left_out() -> None:
    pieces = streamed(TextIteratorStreamerBatch(Bytes(), 1, skip_prompt=True), ["a b"], [" one"])
    assert "".join(text for (text,) in pieces) == " one"


def test_no_half_character_is_sent() -> None:
    pieces = streamed(TextIteratorStreamerBatch(Bytes(), 1), ["x "], ["ä 漢字 ü"])
    assert "".join(text for (text,) in pieces) == "x ä 漢字 ü"
    assert not any("\ufffd" in text for (text,) in pieces)
    assert ["漢"] in pieces


def test_the_tokenizer_decodes_as_it_is_told() -> None:
    streamer = TextIteratorStreamerBatch(Bytes(), 1, skip_special_tokens=True)
    streamer.put(torch.tensor([[ord("a"), 999]]))
    streamer.end()
    assert list(streamer) == [[""], ["a"]]


def test_a_generation_that_does_not_go_on_is_not_waited_for_longer_than_told() -> None:
    with pytest.raises(queue.Empty):
        next(TextIteratorStreamerBatch(Bytes(), 1, timeout=0.01))


def test_another_number_of_rows_is_refused() -> None:
    with pytest.raises(ValueError, match="the streamer is for 2 rows, and was given 1"):
        TextIteratorStreamerBatch(Bytes(), 2).put(torch.tensor([[1]]))
