"""Patches modules right after they are imported."""

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType

Change = Callable[[ModuleType], None]


class AfterImport(MetaPathFinder):
    """A finder that patches modules after they have been executed.

    Args:
        changes: the patches by the modules' names.
    """

    def __init__(self, changes: Mapping[str, Change]) -> None:
        self._changes = changes
        self._finding: set[str] = set()

    def install(self) -> None:
        """Insert this finder before all others, and patch modules that are imported already."""
        if any(isinstance(finder, AfterImport) for finder in sys.meta_path):
            return
        sys.meta_path.insert(0, self)
        for name, change in self._changes.items():
            if name in sys.modules:
                change(sys.modules[name])

    def uninstall(self) -> None:
        """Stop patching."""
        sys.meta_path.remove(self)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec from the other finders, with a loader that patches the module."""
        if fullname not in self._changes or fullname in self._finding:
            return None
        self._finding.add(fullname)
        try:
            spec = find_spec(fullname)
        finally:
            self._finding.discard(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = _Changing(spec.loader, self._changes[fullname])
        return spec


class _Changing(Loader):
    """A loader that patches the module which another loader has loaded."""

    def __init__(self, loader: Loader, change: Change) -> None:
        self._loader = loader
        self._change = change

    def __getattr__(self, name: str) -> object:
        """Everything else is the other loader's, such as reading resources."""
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        self._change(sys.modules.get(module.__name__, module))  # some replace themselves while they run
