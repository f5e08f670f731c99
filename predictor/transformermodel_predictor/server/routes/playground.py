"""The playground's URL."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from transformermodel_predictor.pages.playground import playground_page
from transformermodel_predictor.server.pages import page_response

PLAYGROUND_PATH = "/playground"
"""Stays open where a token is wanted: a browser sends none, and the page, which asks for it, holds nothing else."""


class PlaygroundRoutes:
    """A page to try the models with."""

    def routes(self) -> list[Route]:
        """What is answered where."""
        return [Route(PLAYGROUND_PATH, self.page)]

    async def page(self, _: Request) -> Response:
        """A page to choose a model, type a text, and see the answer and its explanation; 404 where it is off."""
        return page_response(playground_page())
