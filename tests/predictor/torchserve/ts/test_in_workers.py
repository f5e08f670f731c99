"""Handlers of ours in real workers: what `ts` promises holds from the request to the reply and the metrics."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import torch

from tests.predictor.torchserve.handler_archives import archive, asked, running
from transformermodel_predictor.torchserve.call import Call, CallKind, HandlerFailed, Part
from transformermodel_predictor.torchserve.handler_model import HandlerModel
from transformermodel_predictor.torchserve.handler_observer import Measurement
from transformermodel_predictor.torchserve.worker_settings import WorkerSettings

pytestmark = pytest.mark.asyncio(loop_scope="module")

BAG = """
    from torch import nn

    class Bag(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.EmbeddingBag(3, 2)

        def forward(self, text, offsets):
            return self.embedding(text, offsets)
"""
SHOUTING = """
    from ts.handler_utils.micro_batching import MicroBatching
    from ts.handler_utils.utils import send_intermediate_predict_response
    from ts.metrics.metric_type_enum import MetricTypes
    from ts.torch_handler.base_handler import BaseHandler
    from ts.utils.util import PredictionException

    class Shouting(BaseHandler):
        def initialize(self, context):
            self.words = context.metrics.get_metric("Words", MetricTypes.HISTOGRAM)
            settings = context.model_yaml_config["micro_batching"]
            self.handle = MicroBatching(self, settings["micro_batch_size"], settings["parallelism"])

        def preprocess(self, data):
            return [row["body"] for row in data]

        def inference(self, texts):
            if "stop" in texts:
                raise PredictionException("no more", 409)
            if "pieces" in texts:
                sent = ["piece "] * len(self.context.request_ids)
                send_intermediate_predict_response(sent, self.context.request_ids, "so far", 200, self.context)
            return [text.upper() for text in texts]

        def postprocess(self, texts):
            for text in texts:
                self.words.add_or_update(len(text.split()), ["en"])
            return texts
"""
METRICS = """
    model_metrics:
      histogram:
        - {name: Words, unit: count, dimensions: [language]}
"""


class Listening:
    """Keeps what handlers measure."""

    def __init__(self) -> None:
        self.measurements: list[Measurement] = []

    def queued(self, seconds: float) -> None: ...

    def answered(self, calls: int, seconds: float) -> None: ...

    def measured(self, measurements: Sequence[Measurement]) -> None:
        self.measurements += measurements

    def replaced(self) -> None: ...

    def changed(self) -> None: ...


@pytest.fixture(scope="module")
def listening() -> Listening:
    return Listening()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def classifier(tmp_path_factory: pytest.TempPathFactory, listening: Listening) -> AsyncIterator[HandlerModel]:
    """The default handler text_classifier behind KServe's second protocol."""
    directory = tmp_path_factory.mktemp("classifier")
    torch.save({"embedding.weight": torch.tensor([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0]])}, directory / "bag.pt")
    torch.save({"good": 1, "bad": 2}, directory / "source_vocab.pt")
    (directory / "index_to_name.json").write_text('{"0": "positive", "1": "negative"}')
    model = archive(
        directory,
        {"bag.py": BAG},
        "text_classifier",
        settings=WorkerSettings(batch_size=2, max_batch_delay=60_000, envelope="kservev2"),
    )
    model.manifest.document["model"].update(modelFile="bag.py", serializedFile="bag.pt")
    async with running(model, listening) as group:
        yield group


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shouting(tmp_path_factory: pytest.TempPathFactory, listening: Listening) -> AsyncIterator[HandlerModel]:
    """A handler with micro-batches, pieces and metrics that its archive names."""
    settings = WorkerSettings(batch_size=3)
    configuration = {"micro_batching": {"micro_batch_size": 1, "parallelism": {"inference": 2}}}
    files = {"handler.py": SHOUTING, "metrics.yaml": METRICS}
    model = archive(tmp_path_factory.mktemp("shouting"), files, settings=settings, configuration=configuration)
    async with running(model, listening) as group:
        yield group


def tensors(*texts: str, kind: CallKind = CallKind.predict, **parameters: Any) -> Call:
    """A request of the second protocol."""
    given = {"name": "text", "shape": [len(texts)], "datatype": "BYTES", "data": list(texts)}
    body = json.dumps({"inputs": [given], "parameters": parameters}).encode()
    return Call(kind, (Part("body", body, "application/json"),), {}, "request")


async def outputs(model: HandlerModel, *calls: Call) -> list[list[Any]]:
    """What the two requests of a batch are answered, read from JSON."""
    replies = await asyncio.gather(*map(model.call, calls))
    return [[json.loads(text) for text in json.loads(reply.body)["outputs"][0]["data"]] for reply in replies]


async def test_all_texts_of_all_requests_of_a_batch_are_answered(classifier: HandlerModel) -> None:
    first, second = await outputs(classifier, tensors("good", "bad"), tensors("unheard"))
    assert [max(answer, key=answer.get) for answer in first] == ["positive", "negative"]
    assert second == [{"positive": 0.5, "negative": 0.5}]


async def test_all_of_them_are_explained(classifier: HandlerModel, listening: Listening) -> None:
    first, second = await outputs(
        classifier, tensors("good", "so bad", kind=CallKind.explain, target=1), tensors("good", kind=CallKind.explain)
    )
    assert first == [{"importances": [[0.0]], "words": ["good"]}, {"importances": [[0.0, 1.0]], "words": ["so", "bad"]}]
    assert second == [{"importances": [[1.0]], "words": ["good"]}]
    assert "HandlerTime" in {each.name for each in listening.measurements}


async def test_a_request_of_another_form_is_refused_alone(classifier: HandlerModel) -> None:
    refused, answered = await asyncio.gather(classifier.call(asked("no JSON")), classifier.call(tensors("good")))
    assert (refused.status, refused.body[:21]) == (400, b"the body is not JSON:")
    assert answered.status == 200


async def test_micro_batches_are_measured_and_come_in_order(shouting: HandlerModel, listening: Listening) -> None:
    replies = await asyncio.gather(*(shouting.call(asked(text)) for text in ("a", "b c", "d")))
    assert [reply.body for reply in replies] == [b"A", b"B C", b"D"]
    words = [each for each in listening.measurements if each.name == "Words"]
    assert sorted(each.value for each in words) == [1, 1, 2]
    assert words[0].dimensions == {"language": "en"}


async def test_pieces_are_sent_before_the_answer(shouting: HandlerModel) -> None:
    assert [reply.body async for reply in shouting.stream(asked("pieces"))] == [b"piece ", b"PIECES"]


async def test_a_status_of_the_handlers_own_comes_through_micro_batches(shouting: HandlerModel) -> None:
    with pytest.raises(Exception, match="no more") as raised:
        await shouting.call(asked("stop"))
    assert raised.value.status == 409
    assert (await shouting.call(asked("on"))).body == b"ON"


async def test_a_description_is_an_object(shouting: HandlerModel) -> None:
    assert json.loads((await shouting.call(asked(kind=CallKind.describe))).body) == {}


async def test_metrics_that_cannot_be_read_are_said_when_the_worker_starts(tmp_path: Path) -> None:
    with pytest.raises(HandlerFailed, match=r"metrics\.yaml: model_metrics\.sum is no type of metric"):
        async with running(archive(tmp_path, {"handler.py": SHOUTING, "metrics.yaml": "model_metrics: {sum: []}"})):
            pass
