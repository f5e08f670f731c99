"""Continuous batching and sequences, on handlers as TorchServe's guides describe them."""

import asyncio
from pathlib import Path

from tests.predictor.torchserve.handler_archives import archive, asked, running
from transformermodel_predictor.torchserve.call import Call, CallKind, Part
from transformermodel_predictor.torchserve.worker_settings import WorkerSettings

COUNTS_DOWN = """
    class Handler:
        def initialize(self, context):
            self.context = context
            self.context.cache = {}

        def handle(self, rows, context):
            answers, together = [], len(rows)
            for index, row in enumerate(rows):
                left = context.cache.setdefault(context.get_request_id(index), int(row["body"])) - 1
                context.cache[context.get_request_id(index)] = left
                answers.append(f"{left}/{row['body']}/{together} ")
            context.stopping_criteria = [self.criterion(left) for left in answers]
            return answers

        def criterion(self, answer):
            return lambda given: given.startswith("0")
"""


def count(number: int, request_id: str) -> Call:
    return Call(CallKind.predict, (Part("body", str(number).encode(), "text/plain"),), {}, request_id)


async def test_an_answer_grows_from_step_to_step_until_its_criterion_says_stop(tmp_path: Path) -> None:
    settings = WorkerSettings(batch_size=2, continuous_batching=True)
    async with running(archive(tmp_path, COUNTS_DOWN, settings=settings)) as model:
        pieces = [(piece.body, piece.more) async for piece in model.stream(count(3, "r"))]
        assert pieces == [(b"2/3/1 ", True), (b"1/3/1 ", True), (b"0/3/1 ", False)]
        assert (await model.call(count(2, "s"))).body == b"1/2/1 0/2/1 "


async def test_new_calls_join_between_the_steps_of_those_that_run(tmp_path: Path) -> None:
    settings = WorkerSettings(batch_size=2, continuous_batching=True)
    async with running(archive(tmp_path, COUNTS_DOWN, settings=settings)) as model:
        long = model.stream(count(1_000_000, "long"))
        await anext(long)
        short = await model.call(count(2, "short"))
        assert short.body == b"1/2/2 0/2/2 "
        await long.aclose()  # its client goes: the others need not share with it any more
        alone = await model.call(count(3, "alone"))
        assert alone.body.endswith(b"0/3/1 ")


ADDS_UP = """
    import os

    class Handler:
        def initialize(self, context):
            self.sums = {}

        def handle(self, rows, context):
            answers = []
            for index, row in enumerate(rows):
                sequence = context.get_sequence_id(index)
                context.set_response_header(index, context.header_key_sequence_id, sequence)
                if context.get_request_header(index, context.header_key_sequence_start):
                    self.sums[sequence] = 0
                self.sums[sequence] += int(row["body"])
                answers.append(f"{self.sums[sequence]} by {os.getpid()}")
            return answers
"""


async def test_a_sequences_calls_go_to_one_worker_in_their_order(tmp_path: Path) -> None:
    settings = WorkerSettings(
        min_workers=2, max_workers=2, batch_size=2, max_batch_delay=1, sequence_batching=True, sequence_queue_size=9
    )
    async with running(archive(tmp_path, ADDS_UP, settings=settings)) as model:
        begun = [await model.call(asked("0", ts_request_sequence_start="true")) for _ in range(4)]
        sequences = [reply.headers["ts_request_sequence_id"] for reply in begun]
        assert len(set(sequences)) == 4
        calls = [model.call(asked("1", ts_request_sequence_id=each)) for _ in range(5) for each in sequences]
        answers = [reply.body.decode() for reply in await asyncio.gather(*calls)]
    for index, reply in enumerate(begun):
        worker = reply.body.decode().partition(" by ")[2]
        assert answers[index::4] == [f"{total} by {worker}" for total in range(1, 6)]
