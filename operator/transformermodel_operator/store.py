"""Objects as they were last seen: what the watches fill and the decisions are made from.

A watch that had to list again has missed the deletions in between, so a list replaces what was there. What the operator
itself writes is put in at once: the next decision sees it although the watch has not told of it yet.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable

from transformermodel_operator.objects import Document, Key, resource_version


class Store:
    """Objects of one kind, grouped by the model they belong to.

    Args:
        model_of: the model that an object belongs to; objects without one are not kept.
        changed: called with the model of every object that came, changed or went.
    """

    def __init__(self, model_of: Callable[[Document], Key | None], changed: Callable[[Key], None]) -> None:
        self._model_of = model_of
        self._changed = changed
        self._objects: dict[Key, Document] = {}
        self._models: dict[Key, set[Key]] = defaultdict(set)
        self._seen: dict[str, int] = {}

    def of(self, model: Key) -> tuple[Document, ...]:
        """The objects that belong to a model, sorted by name."""
        return tuple(self._objects[name] for name in sorted(self._models.get(model, ())))

    def get(self, namespace: str, name: str) -> Document | None:
        """The object of a name."""
        return self._objects.get(Key(namespace, name))

    def models(self) -> frozenset[Key]:
        """All models that have an object here."""
        return frozenset(self._models)

    def put(self, document: Document) -> None:
        """A watch tells of an object. What is not newer than what is known is no news."""
        self._advance(document)
        if self._is_newer(document):
            self._insert(document)

    def remove(self, document: Document) -> None:
        """A watch tells of a deletion."""
        self._advance(document)
        known = self._objects.get(_name(document))
        if known is not None and resource_version(known) <= resource_version(document):
            self._discard(_name(document))

    def replace(self, documents: Iterable[Document], namespace: str | None, version: int) -> None:
        """A list tells of all objects in a namespace, or everywhere: what is not in it is gone.

        Args:
            documents: the items of the list.
            namespace: what was listed; None for all namespaces.
            version: the list's resourceVersion.
        """
        listed = {_name(document): document for document in documents}
        for name in [name for name in self._objects if namespace in (None, name.namespace) and name not in listed]:
            self._discard(name)
        for document in listed.values():
            self.put(document)
        for place in {name.namespace for name in listed} | ({namespace} if namespace is not None else set()):
            self._seen[place] = max(self._seen.get(place, 0), version)

    def acknowledge(self, document: Document) -> None:
        """The operator has written an object. Nobody is told: who writes knows.

        The answer to a write can arrive after the watch has told of the object's deletion; then it is not brought back.
        """
        known = self._objects.get(_name(document))
        passed = resource_version(document) <= self._seen.get(document["metadata"]["namespace"], 0)
        if self._is_newer(document) and not (known is None and passed):
            self._link(document)

    def forget(self, document: Document) -> None:
        """An object is known to be gone, from another source than the watch."""
        self._discard(_name(document))

    def _is_newer(self, document: Document) -> bool:
        known = self._objects.get(_name(document))
        return known is None or resource_version(known) < resource_version(document)

    def _advance(self, document: Document) -> None:
        namespace = document["metadata"]["namespace"]
        self._seen[namespace] = max(self._seen.get(namespace, 0), resource_version(document))

    def _insert(self, document: Document) -> None:
        before = self._unlink(_name(document))
        after = self._link(document)
        for model in {before, after} - {None}:
            self._tell(model)

    def _discard(self, name: Key) -> None:
        self._tell(self._unlink(name))

    def _tell(self, model: Key | None) -> None:
        if model is not None:
            self._changed(model)

    def _link(self, document: Document) -> Key | None:
        self._unlink(_name(document))
        model = self._model_of(document)
        if model is not None:
            self._objects[_name(document)] = document
            self._models[model].add(_name(document))
        return model

    def _unlink(self, name: Key) -> Key | None:
        known = self._objects.pop(name, None)
        model = self._model_of(known) if known is not None else None
        if model is not None:
            self._models[model].discard(name)
            if not self._models[model]:
                del self._models[model]
        return model


def _name(document: Document) -> Key:
    return Key(document["metadata"]["namespace"], document["metadata"]["name"])
