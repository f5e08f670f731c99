"""What a handler sees and what becomes of its answers, shown by a handler that does what it is told."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.predictor.torchserve.handler_archives import FOLLOWS_ORDERS, archive, asked, order, running
from tests.predictor.torchserve.listening import Listening
from transformermodel_predictor.torchserve.call import Call, CallKind, HandlerFailed, Part
from transformermodel_predictor.torchserve.handler_model import HandlerModel
from transformermodel_predictor.torchserve.handler_observer import MeasurementKind

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def observer() -> Listening:
    return Listening()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def model(tmp_path_factory: pytest.TempPathFactory, observer: Listening) -> AsyncIterator[HandlerModel]:
    directory = tmp_path_factory.mktemp("obedient")
    async with running(archive(directory, FOLLOWS_ORDERS, configuration={"handler": {"key": [1]}}), observer) as group:
        yield group


async def answer(model: HandlerModel, text: str, *parts: Part, **headers: str) -> Any:
    return json.loads((await model.call(order(text, *parts, **headers))).body)


async def failure(model: HandlerModel, text: str) -> HandlerFailed:
    with pytest.raises(HandlerFailed) as told:
        await model.call(order(text))
    return told.value


async def test_the_context_tells_of_model_and_server(model: HandlerModel) -> None:
    seen = await answer(
        model,
        """
        answers = [{
            "name": context.model_name, "manifest": context.manifest, "config": context.model_yaml_config,
            "properties": context.system_properties,
        }]
        """,
    )
    assert seen["name"] == "model"
    assert seen["manifest"]["model"]["handler"] == "handler.py"
    assert seen["config"] == {"handler": {"key": [1]}}
    properties = seen["properties"]
    assert properties["model_dir"] == str(model.archived.directory)
    assert (properties["gpu_id"], properties["batch_size"], properties["limit_max_image_pixels"]) == (None, 1, True)


async def test_a_row_holds_the_requests_values_and_the_context_its_headers(model: HandlerModel) -> None:
    seen = await answer(
        model,
        """
        row = rows[0]
        answers = [[
            row["data"] == bytearray(b"\\x00"), row["options"], context.get_request_id(0),
            context.get_request_header(0, "X-Client"), context.get_request_header(0, "explain"),
            context.get_request_header(0, "data"),
        ]]
        """,
        Part("data", b"\0", "image/png"),
        Part("options", b'{"k": 1}', "application/json"),
        **{"x-client": "me"},
    )
    assert seen == [True, {"k": 1}, "request", "me", "False", {"content-type": "image/png"}]


@pytest.mark.parametrize("kind", [CallKind.explain, CallKind.describe])
async def test_explanations_and_descriptions_are_asked_by_a_header(model: HandlerModel, kind: CallKind) -> None:
    reply = await model.call(order(f"answers = [context.get_request_header(0, '{kind}')]", kind=kind))
    assert reply.body == b"True"


async def test_every_row_has_its_own_status_phrase_and_headers(model: HandlerModel) -> None:
    text = """
        context.set_response_status(code=404, phrase="No such cat", idx=0)
        context.set_response_content_type(0, "text/x-cat")
        context.set_response_header(0, "x-lives", "9")
        answers = ["none"]
    """
    reply = await model.call(order(text))
    assert (reply.status, reply.phrase, reply.content_type) == (404, "No such cat", "text/x-cat")
    assert (reply.headers, reply.body) == ({"x-lives": "9"}, b"none")


async def test_without_a_word_of_the_handler_an_answer_has_no_content_type(model: HandlerModel) -> None:
    reply = await model.call(order("answers = ['text']"))
    assert (reply.status, reply.phrase, reply.content_type, reply.json) == (200, "OK", None, False)


async def test_a_value_is_told_from_text(model: HandlerModel) -> None:
    assert (await model.call(order("answers = ['1']"))).json is False
    assert (await model.call(order("answers = [1]"))).json is True


@pytest.mark.parametrize(
    ("text", "message", "status"),
    [
        ("answers = []", "number of batch response mismatched: the handler was given 1 rows, its answers are 0", 503),
        ("answers = {}", "Invalid model predict output: the handler returned a dict", 503),
        ("answers = [object()]", "Unsupported model output data type: a object cannot be JSON", 503),
        ("raise KeyError('data')", "Prediction failed: KeyError: 'data' (handler.py, line 6, in handle)", 503),
        ("raise MemoryError", "Out of resources: MemoryError (handler.py", 507),
        (
            "from ts.utils.util import PredictionException\nraise PredictionException('no such breed', 422)",
            "no such breed",
            422,
        ),
        ("from ts.service import PredictionException\nraise PredictionException('odd')", "odd", 500),
    ],
)
async def test_a_call_that_fails_says_why_and_where(model: HandlerModel, text: str, message: str, status: int) -> None:
    error = await failure(model, text)
    assert str(error).startswith(message)
    assert error.status == status


async def test_the_worker_outlives_failures_and_whatever_is_printed(
    model: HandlerModel, caplog: pytest.LogCaptureFixture
) -> None:
    before = model.workers[0].pid
    await failure(model, "raise ValueError")
    text = """
        import logging, os, sys
        print("printed")
        os.write(1, b"\\x00\\xff raw \\n" * 3)
        print("error", file=sys.stderr)
        logging.getLogger("mine").warning("logged")
        sys.stdout.write("x" * 100_000 + "\\n")
        answers = ["fine"]
    """
    with caplog.at_level("INFO", logger="transformermodel.handler"):
        assert (await model.call(order(text))).body == b"fine"
        while "logged" not in caplog.text or caplog.text.count("x" * 8192) < 12:
            await model.call(asked_to_answer())
    assert "model worker 0: printed" in caplog.text
    assert "model worker 0: error" in caplog.text
    assert "model worker 0: WARNING mine: logged" in caplog.text
    assert model.workers[0].pid == before


def asked_to_answer() -> Call:
    return order("answers = ['']")


async def test_a_closed_standard_output_harms_nothing(model: HandlerModel) -> None:
    text = """
        import sys
        sys.stdout = sys.stderr = None
        print("nowhere")
        answers = ["fine"]
    """
    assert (await model.call(order(text))).body == b"fine"
    assert await model.call(order("import sys; sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__; answers=['']"))


async def test_pieces_come_before_the_answer(model: HandlerModel) -> None:
    text = """
        from ts.handler_utils.utils import send_intermediate_predict_response
        context.set_response_content_type(0, "text/plain")
        for word in ["a ", {"b": 1}]:
            send_intermediate_predict_response([word], context.request_ids, "piece", 200, context)
        answers = ["end"]
    """
    pieces = [piece async for piece in model.stream(order(text))]
    assert [(piece.body, piece.more) for piece in pieces] == [(b"a ", True), (b'{\n  "b": 1\n}', True), (b"end", False)]
    assert {piece.content_type for piece in pieces} == {"text/plain"}


async def test_who_wants_one_body_gets_the_pieces_together(model: HandlerModel) -> None:
    text = """
        from ts.protocol.otf_message_handler import send_intermediate_predict_response
        send_intermediate_predict_response(["a "], context.request_ids, "piece", 200, context)
        answers = ["end"]
    """
    assert (await model.call(order(text))).body == b"a end"


async def test_a_stream_that_fails_says_so_after_its_pieces(model: HandlerModel) -> None:
    text = """
        from ts.handler_utils.utils import send_intermediate_predict_response
        send_intermediate_predict_response(["a"], context.request_ids, "piece", 200, context)
        raise ValueError("broken")
    """
    pieces = model.stream(order(text))
    assert (await anext(pieces)).body == b"a"
    with pytest.raises(HandlerFailed, match="broken"):
        await anext(pieces)


async def test_a_stream_whose_client_has_gone_is_ended_in_the_handler(model: HandlerModel) -> None:
    text = """
        from ts.handler_utils.utils import send_intermediate_predict_response
        while True:
            send_intermediate_predict_response(["again"], context.request_ids, "piece", 200, context)
    """
    stream = model.stream(order(text))
    assert (await anext(stream)).body == b"again"
    await stream.aclose()
    assert (await model.call(asked_to_answer())).body == b""


async def test_a_coroutine_can_be_the_entry_point(tmp_path: Path) -> None:
    source = """
        import asyncio

        class Handler:
            def initialize(self, context):
                self.tasks = set()

            async def handle(self, data, context):
                self.tasks.add(asyncio.current_task().get_loop())
                await asyncio.sleep(0)
                return [len(self.tasks)]
    """
    async with running(archive(tmp_path, source)) as group:
        assert [(await group.call(asked())).body for _ in range(2)] == [b"1", b"1"]


async def test_what_is_measured_reaches_the_observer(model: HandlerModel, observer: Listening) -> None:
    observer.measurements.clear()
    await model.call(order("context.metrics.add_counter('Cats', 2); answers = ['']"))
    cats, time = observer.measurements
    assert (cats.name, cats.kind, cats.value) == ("Cats", MeasurementKind.counter, 2)
    assert cats.dimensions["ModelName"] == "model"
    assert (time.name, time.unit) == ("PredictionTime", "Milliseconds")
    assert observer.batches[-1] == 1
    assert observer.waits[-1] >= 0


async def test_a_child_of_the_handler_does_not_speak_for_it(model: HandlerModel) -> None:
    text = """
        import os
        if not (child := os.fork()):
            os._exit(0)
        os.waitpid(child, 0)
        answers = [str(os.getpid())]
    """
    assert (await model.call(order(text))).body.decode() == str(model.workers[0].pid)


async def test_hundreds_of_threads_harm_nothing(model: HandlerModel) -> None:
    text = """
        import threading
        done = threading.Event()
        threads = [threading.Thread(target=done.wait) for _ in range(300)]
        for thread in threads: thread.start()
        done.set()
        for thread in threads: thread.join()
        answers = ["fine"]
    """
    assert (await model.call(order(text))).body == b"fine"
