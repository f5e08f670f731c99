"""Which endpoint answers a URL. A dictionary where paths are fixed, a few patterns where they name a model."""

import re
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from http import HTTPStatus
from itertools import chain

from starlette.convertors import PathConvertor
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, compile_path

Endpoint = Callable[[Request], Awaitable[Response]]

_LAST_WORD = re.compile(r"(?P<place>/.*(?:/(?!$)|:))(?P<word>[^/:{}]*)")
"""A path by its last word, which may be missing after a colon, and what comes before it.

Not the paths of one word, which `OPTIONS /` lists.
"""

_WORD = re.compile(r"(?<=[/:])[^/:{}]+(?![^/:])")
"""A word of a route's path; a variable is none."""


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
        words: defaultdict[str, set[str]] = defaultdict(set)
        for route in routes:
            places = self._places_of(route)
            place = places.setdefault(route.path, _Place(route.path_regex))
            for method in route.methods or ():
                place.endpoints.setdefault(method, route.endpoint)
            for word in _WORD.finditer(route.path):
                words[route.path[: word.start()]].add(word[0])
        self._words = [(compile_path(place)[0], sorted(known)) for place, known in words.items()]
        """Which words may follow in a path, by the pattern of what comes before."""

    def find(self, method: str, path: str) -> tuple[Endpoint, Mapping[str, str]]:
        """The endpoint for a request, and what the path's variables are.

        Raises:
            HTTPException: there is nothing at this path (404), or nothing that this method does (405).
        """
        place, variables = next(self._places(path), (None, {}))
        if place is not None and method in place.endpoints:
            return place.endpoints[method], variables
        self._require_last_word(path)
        if place is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        raise HTTPException(HTTPStatus.METHOD_NOT_ALLOWED, headers={"allow": ", ".join(sorted(place.endpoints))})

    def _require_last_word(self, path: str) -> None:
        """Refuse a word that is misspelt or missing, rather than to take it for a part of a name: `m:predcit`, or `m:`.

        Raises:
            HTTPException: other words may be in its place; the text names them.
        """
        parts = _LAST_WORD.fullmatch(path)
        if parts is None:
            return
        known = next((words for place, words in self._words if place.match(parts["place"])), [])
        if known and parts["word"] not in known:
            listed = f"there {'are' if len(known) > 1 else 'is'} {', '.join(known)}"
            wrong = f"there is no {parts['word']!r} here" if parts["word"] else "a word is missing here"
            raise HTTPException(HTTPStatus.NOT_FOUND, f"{wrong}; {listed}")

    def _places_of(self, route: Route) -> dict[str, _Place]:
        if not route.param_convertors:
            return self._fixed
        is_open = any(isinstance(kind, PathConvertor) for kind in route.param_convertors.values())
        return self._open if is_open else self._patterns[route.path.count("/")]

    def _places(self, path: str) -> Iterator[tuple[_Place, Mapping[str, str]]]:
        if path in self._fixed:
            yield self._fixed[path], {}
        for place in chain(self._patterns.get(path.count("/"), {}).values(), self._open.values()):
            if match := place.pattern.match(path):
                yield place, match.groupdict()
