import asyncio

import pytest

from transformermodel_predictor.server.joined_writes import JoinedWrites


class Connection(asyncio.Transport):
    """Remembers what was sent, piece by piece, and how it was closed."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[bytes] = []
        self.ends: list[str] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent.append(bytes(data))

    def close(self) -> None:
        self.ends.append("closed")

    def abort(self) -> None:
        self.ends.append("aborted")

    def is_closing(self) -> bool:
        return bool(self.ends)


@pytest.fixture
def connection() -> Connection:
    return Connection()


@pytest.fixture
async def transport(connection: Connection) -> JoinedWrites:
    return JoinedWrites(connection, asyncio.get_running_loop())


async def test_a_head_and_its_body_are_sent_at_once(transport: JoinedWrites, connection: Connection) -> None:
    transport.write(b"head")
    assert connection.sent == []
    transport.write(b"body")
    assert connection.sent == [b"headbody"]
    await asyncio.sleep(0)
    assert connection.sent == [b"headbody"]


async def test_what_stays_alone_is_sent_in_the_next_turn(transport: JoinedWrites, connection: Connection) -> None:
    for piece in (b"first", b"second"):
        transport.write(piece)
        await asyncio.sleep(0)
    assert connection.sent == [b"first", b"second"]


async def test_a_head_without_a_body_is_sent(transport: JoinedWrites, connection: Connection) -> None:
    transport.write(b"head")
    transport.write(b"")
    assert connection.sent == [b"head"]


async def test_a_large_body_is_not_copied(transport: JoinedWrites, connection: Connection) -> None:
    large = b"b" * 1_000_000
    transport.write(b"head")
    transport.write(large)
    transport.write(b"head")
    transport.write(b"body")
    assert connection.sent == [b"head", large, b"headbody"]


async def test_what_is_held_is_sent_before_the_connection_closes(
    transport: JoinedWrites, connection: Connection
) -> None:
    transport.write(b"head")
    transport.close()
    await asyncio.sleep(0)
    assert connection.sent == [b"head"]
    assert connection.ends == ["closed"]


async def test_what_is_held_is_dropped_when_the_connection_is_gone(
    transport: JoinedWrites, connection: Connection
) -> None:
    transport.write(b"head")
    connection.close()
    await asyncio.sleep(0)
    transport.write(b"head")
    transport.abort()
    await asyncio.sleep(0)
    assert connection.sent == []
    assert connection.ends == ["closed", "aborted"]
