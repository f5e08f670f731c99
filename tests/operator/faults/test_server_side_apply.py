"""What server-side apply makes of a model's fields on the real API server: docs/resource.md says so."""

import json
from collections.abc import Iterator

import pytest

from tests.operator.faults.theatre import Theatre
from tests.unit.api.wrong_manifests import Document, changed

FILLED = changed(metadata__name="applied", suspend=True, preparation={"parity": {"tolerance": "0.01"}})
EMPTIED = changed(metadata__name="applied", suspend=True, preparation={"parity": {}})
LEFT_OUT = changed(metadata__name="applied", suspend=True)


@pytest.fixture
def filled(theatre: Theatre) -> Iterator[Theatre]:
    """A model that has been applied with an object whose fields are all optional."""
    apply(theatre, FILLED)
    yield theatre
    theatre.server.kubectl("delete", "tfm", "applied", "--namespace=default")


def apply(theatre: Theatre, document: Document, *options: str) -> None:
    """Apply a manifest, by server-side apply where nothing else is said."""
    arguments = ("apply", "--namespace=default", "--filename=-", *(options or ("--server-side",)))
    theatre.server.kubectl(*arguments, given=json.dumps(document))


def preparation(theatre: Theatre) -> Document:
    found: Document = json.loads(theatre.server.kubectl("get", "tfm", "applied", "--namespace=default", "-o", "json"))
    applied: Document = found["spec"]["preparation"]
    return applied


def test_an_object_that_was_filled_cannot_be_emptied(filled: Theatre) -> None:
    """Once this passes, Kubernetes has learnt it, and the page need not speak of it."""
    with pytest.raises(AssertionError, match='parity in body must be of type object: "null"'):
        apply(filled, EMPTIED)
    assert preparation(filled)["parity"] == {"tolerance": "0.01"}


def test_it_can_be_left_out(filled: Theatre) -> None:
    apply(filled, LEFT_OUT)
    assert "parity" not in preparation(filled)


def test_apply_on_the_clients_side_empties_it(theatre: Theatre) -> None:
    apply(theatre, FILLED, "--server-side=false")
    apply(theatre, EMPTIED, "--server-side=false")
    assert preparation(theatre)["parity"] == {}
    theatre.server.kubectl("delete", "tfm", "applied", "--namespace=default")
