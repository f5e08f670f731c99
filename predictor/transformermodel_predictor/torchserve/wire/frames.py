"""Frames messages in a stream of bytes: a length of four bytes, big-endian, and the message."""

HEADER_SIZE = 4
"""Bytes of a frame's length."""

LARGEST_FRAME = 2**31 - 1
"""Most bytes of a message."""

_USUAL_BUFFER = 64 * 1024
_KEPT_BUFFER = 4 * 1024 * 1024


class BrokenStream(Exception):
    """The received bytes are not a valid frame."""


class FrameBuffer:
    """Collects received bytes without further copies, and returns complete messages.

    Usage: receive into `space()`, report the number of bytes to `filled()`, call `take()` until it returns None.
    """

    def __init__(self) -> None:
        self._bytes = bytearray(_USUAL_BUFFER)
        self._start = 0
        self._end = 0

    def space(self) -> memoryview:
        """The buffer for the next bytes; never empty.

        Raises:
            BrokenStream: the length of a message exceeds the limit.
        """
        self._make_room()
        return memoryview(self._bytes)[self._end :]

    def filled(self, count: int) -> None:
        """Report that this many bytes have been written to `space()`."""
        self._end += count

    def take(self) -> memoryview | None:
        """The next complete message, or None. The view is valid until `space` is called again."""
        whole = self._whole()
        if whole is None or self._end - self._start < whole:
            return None
        message = memoryview(self._bytes)[self._start + HEADER_SIZE : self._start + whole]
        self._start += whole
        return message

    def _whole(self) -> int | None:
        """Size of the first frame, with its header; None until the header has arrived."""
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
