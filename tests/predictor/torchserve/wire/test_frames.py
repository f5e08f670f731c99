import pytest
from hypothesis import given
from hypothesis import strategies as st

from transformermodel_predictor.torchserve.wire.frames import HEADER_SIZE, BrokenStream, FrameBuffer


def framed(message: bytes) -> bytes:
    return len(message).to_bytes(HEADER_SIZE, "big") + message


def received(stream: bytes, sizes: list[int]) -> list[bytes]:
    """What comes out of a stream that arrives in pieces of these sizes, then in the largest that fit."""
    buffer, messages = FrameBuffer(), []
    while stream:
        space = buffer.space()
        count = min(len(stream), len(space), sizes.pop(0) if sizes else len(stream))
        space[:count] = stream[:count]
        stream = stream[count:]
        buffer.filled(count)
        while (message := buffer.take()) is not None:
            messages.append(bytes(message))
    return messages


@given(st.lists(st.binary(max_size=300)), st.lists(st.integers(1, 50)))
def test_messages_come_out_as_they_went_in_however_they_arrive(messages: list[bytes], sizes: list[int]) -> None:
    assert received(b"".join(map(framed, messages)), sizes) == messages


@pytest.mark.parametrize("size", [64 * 1024 - 4, 64 * 1024, 1_000_000, 6_000_000])
def test_large_messages_come_whole_among_small_ones(size: int) -> None:
    messages = [b"before", bytes(size), b"after", bytes(size), b"end"]
    assert received(b"".join(map(framed, messages)), [1, 2, 3]) == messages


def test_what_says_to_be_larger_than_a_message_can_be_is_refused() -> None:
    with pytest.raises(BrokenStream):
        received(b"\xff" * 100, [])
