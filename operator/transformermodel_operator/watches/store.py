"""Stores of the last observed objects, filled by the watches and read by the decisions.

A watch that had to relist has missed the deletions in between, so a list replaces the store's content. The operator's
own writes are stored at once: the next decision sees them even before the watch reports them.

Objects are kept packed, and read when they are asked for.
"""

from collections import defaultdict
from collections.abc import Callable, Set
from dataclasses import dataclass
from typing import Protocol

from transformermodel_operator.objects import Document, Key, key_of, resource_version
from transformermodel_operator.watches.packing import Packer


class Observer(Protocol):
    """Observes the content of a store, object by object."""

    def added(self, document: Document) -> None:
        """An object was stored."""
        ...

    def removed(self, document: Document) -> None:
        """A stored object, given as it was stored, was removed or is about to be replaced."""
        ...


@dataclass(frozen=True, slots=True)
class _Kept:
    """An object's version, the model it belongs to, and the object itself, packed."""

    version: int
    model: Key
    packed: bytes


class Store:
    """Objects of one kind, grouped by the model they belong to.

    Args:
        model_of: the model that an object belongs to; objects without one are not kept.
        changed: called with the model of every object that came, changed or went.
        trim: what is kept of an object.
        observer: observes the content of the store; None for none.
    """

    def __init__(
        self,
        model_of: Callable[[Document], Key | None],
        changed: Callable[[Key], None],
        trim: Callable[[Document], Document] = lambda document: document,
        observer: Observer | None = None,
    ) -> None:
        self._model_of = model_of
        self._changed = changed
        self._trim = trim
        self._observer = observer
        self._packer = Packer()
        self._objects: dict[Key, _Kept] = {}
        self._models: dict[Key, tuple[Key, ...]] = {}
        self._seen: dict[str, int] = defaultdict(int)

    def of(self, model: Key) -> tuple[Document, ...]:
        """The objects that belong to a model, sorted by name."""
        return tuple(self._unpack(self._objects[name]) for name in self._models.get(model, ()))

    def get(self, namespace: str, name: str) -> Document | None:
        """The object of a name."""
        kept = self._objects.get(Key(namespace, name))
        return None if kept is None else self._unpack(kept)

    def models(self) -> frozenset[Key]:
        """All models that have an object here."""
        return frozenset(self._models)

    def put(self, document: Document) -> None:
        """Store an object that a watch reported, unless the known one is as new."""
        self._advance(document)
        if self._is_newer(document):
            self._insert(document)

    def remove(self, document: Document) -> None:
        """Remove an object whose deletion a watch reported."""
        self._advance(document)
        known = self._objects.get(key_of(document))
        if known is not None and known.version <= resource_version(document):
            self._discard(key_of(document))

    def retain(self, listed: Set[Key], namespace: str | None, version: int) -> None:
        """A list of all objects in a namespace, or everywhere, has ended: what was not in it is gone.

        Args:
            listed: the keys of what was in it, all of it put here as it came.
            namespace: what was listed; None for all namespaces.
            version: the list's resourceVersion.
        """
        for name in self._within(namespace) - listed:
            if self._objects[name].version <= version:  # else it has come since, and the list is from an old cache
                self._discard(name)
        for place in {name.namespace for name in listed} | ({namespace} if namespace is not None else set()):
            self._seen[place] = max(self._seen[place], version)

    def clear(self, namespace: str | None) -> None:
        """All objects in a namespace, or everywhere, are gone: their kind is."""
        for name in self._within(namespace):
            self._discard(name)

    def acknowledge(self, document: Document) -> None:
        """Store an object that the operator has written; does not call `changed`, as the writer knows.

        The answer to a write can arrive after the watch has told of the object's deletion; then it is not brought back.
        """
        known = self._objects.get(key_of(document))
        passed = resource_version(document) <= self._seen[document["metadata"]["namespace"]]
        if self._is_newer(document) and not (known is None and passed):
            self._link(document)

    def forget(self, document: Document) -> None:
        """An object is known to be gone, from another source than the watch."""
        self._discard(key_of(document))

    def _within(self, namespace: str | None) -> set[Key]:
        return {name for name in self._objects if namespace in (None, name.namespace)}

    def _is_newer(self, document: Document) -> bool:
        known = self._objects.get(key_of(document))
        return known is None or known.version < resource_version(document)

    def _advance(self, document: Document) -> None:
        namespace = document["metadata"]["namespace"]
        self._seen[namespace] = max(self._seen[namespace], resource_version(document))

    def _insert(self, document: Document) -> None:
        before = self._unlink(key_of(document))
        after = self._link(document)
        for model in {before, after} - {None}:
            self._tell(model)

    def _discard(self, name: Key) -> None:
        self._tell(self._unlink(name))

    def _tell(self, model: Key | None) -> None:
        if model is not None:
            self._changed(model)

    def _link(self, document: Document) -> Key | None:
        name = key_of(document)
        self._unlink(name)
        model = self._model_of(document)
        if model is None:
            return None
        kept = self._trim(document)
        self._objects[name] = _Kept(resource_version(document), model, self._packer.pack(kept))
        self._models[model] = tuple(sorted((*self._models.get(model, ()), name)))
        if self._observer is not None:
            self._observer.added(kept)
        return model

    def _unlink(self, name: Key) -> Key | None:
        known = self._objects.pop(name, None)
        if known is None:
            return None
        others = tuple(other for other in self._models[known.model] if other != name)
        if others:
            self._models[known.model] = others
        else:
            del self._models[known.model]
        if self._observer is not None:
            self._observer.removed(self._unpack(known))
        return known.model

    def _unpack(self, kept: _Kept) -> Document:
        return self._packer.unpack(kept.packed)
