"""The route of the playground."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from transformermodel_predictor.pages.playground import playground_page
from transformermodel_predictor.server.pages import page_response

PLAYGROUND_PATH = "/playground"
"""Needs no token: a browser sends none, and the page itself, which asks for the token, contains nothing secret."""


class PlaygroundRoutes:
    """A page to try the models with."""

    def routes(self) -> list[Route]:
        """What is answered where."""
        return [Route(PLAYGROUND_PATH, self.page)]

    async def page(self, _: Request) -> Response:
        """A page to choose a model, type a text, and see the answer and its explanation; 404 where it is off."""
        return page_response(playground_page())
