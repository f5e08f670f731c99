"""The store holds what was last seen, and a list replaces what was there."""

from typing import Any

import pytest

from transformermodel_operator.objects import Key, key_of, key_of_child
from transformermodel_operator.watches.store import Store

Object = dict[str, Any]


def child(name: str, version: int, of: str | None = "model", namespace: str = "team") -> Object:
    labels = {"transformermodel.dev/model": of} if of is not None else {}
    return {
        "metadata": {
            "name": name,
            "namespace": namespace,
            "uid": f"uid-of-{name}",
            "resourceVersion": str(version),
            "labels": labels,
        }
    }


class Watched:
    """A store and what it has told."""

    def __init__(self) -> None:
        self.told: list[Key] = []
        self.store = Store(key_of_child, self.told.append)

    def names(self, of: str = "model", namespace: str = "team") -> list[str]:
        return [document["metadata"]["name"] for document in self.store.of(Key(namespace, of))]

    def listed(self, documents: list[Object], namespace: str | None, version: int) -> None:
        """As an informer lists."""
        for document in documents:
            self.store.put(document)
        self.store.retain({key_of(document) for document in documents}, namespace, version)

    def news(self) -> list[Key]:
        told, self.told[:] = list(self.told), []
        return told


@pytest.fixture
def watched() -> Watched:
    return Watched()


MODEL = Key("team", "model")


def test_objects_are_found_by_their_model_and_by_their_name(watched: Watched) -> None:
    watched.store.put(child("b", 1))
    watched.store.put(child("a", 2))
    watched.store.put(child("c", 3, of="other"))
    assert watched.names() == ["a", "b"]
    assert watched.store.get("team", "c") == child("c", 3, of="other")
    assert watched.store.get("elsewhere", "c") is None
    assert watched.store.models() == {MODEL, Key("team", "other")}
    assert watched.news() == [MODEL, MODEL, Key("team", "other")]


def test_objects_without_a_model_are_not_kept(watched: Watched) -> None:
    watched.store.put(child("a", 1, of=None))
    assert watched.store.get("team", "a") is None
    assert watched.news() == []


def test_a_list_removes_what_was_deleted_while_nobody_watched(watched: Watched) -> None:
    watched.listed([child("a", 1), child("ghost", 2)], None, 5)
    watched.news()
    watched.listed([child("a", 1)], None, 9)
    assert watched.names() == ["a"]
    assert watched.news() == [MODEL]


def test_a_list_of_one_namespace_leaves_the_others_alone(watched: Watched) -> None:
    watched.store.put(child("a", 1, namespace="other"))
    watched.listed([], "team", 5)
    assert watched.names(namespace="other") == ["a"]


def test_a_list_from_an_old_cache_does_not_remove_what_has_come_since(watched: Watched) -> None:
    watched.store.put(child("a", 9))
    watched.listed([], None, 5)
    assert watched.names() == ["a"]


def test_what_is_not_newer_is_no_news(watched: Watched) -> None:
    watched.store.put(child("a", 5))
    watched.news()
    watched.store.put(child("a", 5))
    watched.store.put(child("a", 4))
    assert watched.news() == []
    watched.store.put(child("a", 6))
    assert watched.news() == [MODEL]


def test_a_deletion_is_news_once(watched: Watched) -> None:
    watched.store.put(child("a", 5))
    watched.news()
    watched.store.remove(child("a", 6))
    watched.store.remove(child("a", 6))
    assert watched.names() == []
    assert watched.news() == [MODEL]


def test_a_late_deletion_does_not_remove_a_namesake(watched: Watched) -> None:
    watched.store.put(child("a", 9))
    watched.store.remove(child("a", 6))
    assert watched.names() == ["a"]


def test_an_object_that_changes_its_model_is_news_for_both(watched: Watched) -> None:
    watched.store.put(child("a", 1))
    watched.news()
    watched.store.put(child("a", 2, of="other"))
    assert watched.names() == []
    assert watched.names(of="other") == ["a"]
    assert set(watched.news()) == {MODEL, Key("team", "other")}


def test_an_object_that_loses_its_label_is_gone(watched: Watched) -> None:
    watched.store.put(child("a", 1))
    watched.news()
    watched.store.put(child("a", 2, of=None))
    assert watched.names() == []
    assert watched.news() == [MODEL]


def test_what_the_operator_has_written_is_seen_at_once_and_the_echo_is_no_news(watched: Watched) -> None:
    watched.listed([], "team", 5)
    watched.store.acknowledge(child("a", 6))
    assert watched.names() == ["a"]
    watched.store.put(child("a", 6))
    assert watched.news() == []


def test_an_answer_that_comes_after_the_deletion_does_not_bring_the_object_back(watched: Watched) -> None:
    watched.store.put(child("a", 6))
    watched.store.remove(child("a", 8))
    watched.store.acknowledge(child("a", 7))
    assert watched.names() == []


@pytest.mark.parametrize("namespace", ["team", None])
def test_an_answer_that_comes_after_a_list_without_the_object_does_not_bring_it_back(
    watched: Watched, namespace: str | None
) -> None:
    watched.listed([child("other", 1)], namespace, 9)
    watched.listed([child("other", 1)], namespace, 5)  # an older list takes nothing of that back
    watched.store.acknowledge(child("a", 7))
    assert watched.names() == ["other"]


def test_an_answer_that_comes_after_an_empty_list_does_not_bring_the_object_back(watched: Watched) -> None:
    watched.listed([], "team", 9)
    watched.store.acknowledge(child("a", 7))
    assert watched.names() == []


def test_an_answer_that_comes_after_later_news_is_old(watched: Watched) -> None:
    watched.store.put(child("a", 8))
    watched.store.acknowledge(child("a", 7))
    assert watched.store.get("team", "a") == child("a", 8)
