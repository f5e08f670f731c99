"""V2's URLs."""

from importlib.metadata import version

from starlette.requests import Request
from starlette.routing import Route

from transformermodel_predictor.protocols import v2
from transformermodel_predictor.protocols.columns import parameters_of, questions_of, respond
from transformermodel_predictor.server.exchange import JSONResponse, read_json, while_connected
from transformermodel_predictor.server.models import Models


class V2Routes:
    """The Open Inference Protocol for the models of a server."""

    def __init__(self, models: Models, max_body_bytes: int) -> None:
        self._models = models
        self._max_body_bytes = max_body_bytes

    def routes(self) -> list[Route]:
        """What is answered where."""
        return [
            Route("/v2", self.metadata),
            Route("/v2/health/live", self.live),
            Route("/v2/health/ready", self.ready),
            Route("/v2/models", self.list_models),
            Route("/v2/models/{name}", self.model_metadata),
            Route("/v2/models/{name}/ready", self.model_ready),
            Route("/v2/models/{name}/infer", self.infer, methods=["POST"]),
        ]

    async def metadata(self, _: Request) -> JSONResponse:
        """The server's name, version and extensions of the protocol."""
        return JSONResponse({"name": "transformermodel", "version": version("transformermodel"), "extensions": []})

    async def live(self, _: Request) -> JSONResponse:
        """That the server answers."""
        return JSONResponse({"live": True})

    async def ready(self, _: Request) -> JSONResponse:
        """Whether all models are ready; 503 when they are not."""
        ready = self._models.ready
        return JSONResponse({"ready": ready}, 200 if ready else 503)

    async def list_models(self, _: Request) -> JSONResponse:
        """The names of the models."""
        return JSONResponse({"models": self._models.names})

    async def model_metadata(self, request: Request) -> JSONResponse:
        """What clients may know of a model."""
        return JSONResponse(v2.write_metadata(self._models.handler(request.path_params["name"]).metadata))

    async def model_ready(self, request: Request) -> JSONResponse:
        """Whether a model is ready; 503 when it is not."""
        name = request.path_params["name"]
        self._models.require_ready(name)
        return JSONResponse({"name": name, "ready": True})

    async def infer(self, request: Request) -> JSONResponse:
        """Answers to the texts in the tensors. The id is the body's, else that of the header x-request-id."""
        handler = self._models.handler(request.path_params["name"])
        asked = v2.read_request(await read_json(request, self._max_body_bytes))
        questions = questions_of(asked, handler.metadata.inputs)
        parameters = parameters_of(asked, handler.metadata.outputs)
        answers = await while_connected(request, handler.answer(questions, parameters))
        return JSONResponse(
            v2.write_response(respond(asked, handler.metadata, answers, request.headers.get("x-request-id")))
        )
