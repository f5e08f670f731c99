from http import HTTPStatus

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from transformermodel_predictor.server.routes.router import Router


async def fixed(_: Request) -> Response:
    return Response()


async def posted(_: Request) -> Response:
    return Response()


async def named(_: Request) -> Response:
    return Response()


ROUTER = Router(
    [
        Route("/v1/models", fixed),
        Route("/v1/models/{name}:predict", posted, methods=["POST"]),
        Route("/v1/models/{name}:explain", posted, methods=["POST"]),
        Route("/v1/models/{name}", named),
        Route("/v2/models/{name}/versions/{version}", named),
        Route("/v2/models/{name}/versions/{version}/infer", posted, methods=["POST"]),
    ]
)


def test_a_fixed_path_is_found() -> None:
    assert ROUTER.find("GET", "/v1/models") == (fixed, {})
    assert ROUTER.find("HEAD", "/v1/models") == (fixed, {})


def test_variables_are_read_from_the_path() -> None:
    assert ROUTER.find("POST", "/v1/models/a b:predict") == (posted, {"name": "a b"})
    assert ROUTER.find("GET", "/v1/models/tiny") == (named, {"name": "tiny"})
    assert ROUTER.find("GET", "/v2/models/m/versions/3") == (named, {"name": "m", "version": "3"})


@pytest.mark.parametrize(
    "path", ["/", "", "/v3", "/v1/models/", "/v1/models/a/b", "/v1/models/a/", "/v2/models/m/versions/"]
)
def test_other_paths_are_not(path: str) -> None:
    with pytest.raises(HTTPException) as refusal:
        ROUTER.find("GET", path)
    assert refusal.value.status_code == HTTPStatus.NOT_FOUND


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/v1/models/tiny:predcit", "there is no 'predcit' here; there are explain, predict"),
        ("/v1/models/tiny:", "a word is missing here; there are explain, predict"),
        ("/v1/modles", "there is no 'modles' here; there is models"),
        ("/v2/models/tiny/versions/3/inferr", "there is no 'inferr' here; there is infer"),
        ("/v2/models/tiny/version", "there is no 'version' here; there is versions"),
    ],
)
def test_a_word_that_is_misspelt_or_missing_is_told_which_there_are(path: str, words: str) -> None:
    with pytest.raises(HTTPException) as refusal:
        ROUTER.find("POST", path)
    assert (refusal.value.status_code, refusal.value.detail) == (HTTPStatus.NOT_FOUND, words)


def test_a_word_with_which_longer_paths_go_on_is_not_misspelt() -> None:
    with pytest.raises(HTTPException) as refusal:
        ROUTER.find("GET", "/v2/models/tiny/versions")
    assert (refusal.value.status_code, refusal.value.detail) == (HTTPStatus.NOT_FOUND, "Not Found")


def test_a_verb_is_no_part_of_a_models_name() -> None:
    with pytest.raises(HTTPException) as refusal:
        ROUTER.find("GET", "/v1/models/tiny:predict")
    assert refusal.value.headers == {"allow": "POST"}
    assert ROUTER.find("GET", "/v1/models/of:colon") == (named, {"name": "of:colon"})


def test_a_wrong_method_is_told_which_are_right() -> None:
    with pytest.raises(HTTPException) as refusal:
        ROUTER.find("POST", "/v1/models")
    assert refusal.value.status_code == HTTPStatus.METHOD_NOT_ALLOWED
    assert refusal.value.headers == {"allow": "GET, HEAD"}
