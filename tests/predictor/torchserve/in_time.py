"""Answers of workers that have little time for them."""

from transformermodel_predictor.torchserve.call import Call, HandlerFailed
from transformermodel_predictor.torchserve.handler_model import HandlerModel


async def in_time(model: HandlerModel, call: Call) -> bytes:
    """The first answer that comes in time: on a busy machine any call may take longer than a worker has."""
    while True:
        try:
            return (await model.call(call)).body
        except HandlerFailed as error:
            if "responseTimeout" not in str(error):
                raise
