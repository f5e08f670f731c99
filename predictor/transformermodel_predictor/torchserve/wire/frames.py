"""Messages in a stream of bytes: four bytes of length, big endian, and so many bytes."""

HEADER_SIZE = 4
"""Bytes of a frame's length."""

LARGEST_FRAME = 2**31 - 1
"""Bytes of the largest message that is taken."""

_USUAL_BUFFER = 64 * 1024
_KEPT_BUFFER = 4 * 1024 * 1024


class BrokenStream(Exception):
    """What arrives cannot be a message of ours."""


class FrameBuffer:
    """Collects bytes as they arrive, without copying them again, and hands out whole messages.

    Used as: read into `space()`, tell how much with `filled()`, take messages with `take()` until there is none.
    """

    def __init__(self) -> None:
        self._bytes = bytearray(_USUAL_BUFFER)
        self._start = 0
        self._end = 0

    def space(self) -> memoryview:
        """Where the next bytes are to be written; never empty.

        Raises:
            BrokenStream: a message says that it is larger than any can be.
        """
        self._make_room()
        return memoryview(self._bytes)[self._end :]

    def filled(self, count: int) -> None:
        """So many bytes were written."""
        self._end += count

    def take(self) -> memoryview | None:
        """The next whole message; None if none is here. To be read before `space` is called again."""
        whole = self._whole()
        if whole is None or self._end - self._start < whole:
            return None
        message = memoryview(self._bytes)[self._start + HEADER_SIZE : self._start + whole]
        self._start += whole
        return message

    def _whole(self) -> int | None:
        """Bytes of the first message with its length; None while the length is not here."""
        if self._end - self._start < HEADER_SIZE:
            return None
        length = int.from_bytes(memoryview(self._bytes)[self._start : self._start + HEADER_SIZE], "big")
        if length > LARGEST_FRAME:
            raise BrokenStream(f"a message of {length} bytes")
        return HEADER_SIZE + length

    def _make_room(self) -> None:
        here = self._end - self._start
        needed = max(self._whole() or 0, _USUAL_BUFFER)
        if not here:
            self._start = self._end = 0
            if needed <= len(self._bytes) <= _KEPT_BUFFER:
                return
        elif self._start + needed <= len(self._bytes) and self._end < len(self._bytes):
            return
        moved = bytearray(max(needed, _USUAL_BUFFER))
        moved[:here] = memoryview(self._bytes)[self._start : self._end]
        self._bytes, self._start, self._end = moved, 0, here
