"""Checks, without running it, whether a handler's file defines anything that can be called. Pure."""

import ast
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Self

_USUAL_NAME = "handle"
_WITHOUT_HANDLERS = sys.stdlib_module_names | {"numpy", "PIL", "torch", "transformers"}
"""Packages that define no handlers."""

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_DYNAMIC = frozenset({"__getattr__", "exec", "globals", "import_module", "setattr", "vars"})
"""Functions by which a module can get names that do not appear in its source."""


def handler_problem(source: bytes, named: str | None) -> str | None:
    """Why nothing in a handler's file can be called, as the end of a sentence; None if something can.

    Also None if that cannot be told without running the file, or if this Python cannot parse it: it may be written for
    another version. TorchServe calls the named function or class, or `handle`, or else the only class, whatever its
    name; our own server also takes the first of several classes, and imported ones.
    """
    try:
        module = _Module.of(ast.parse(source))
    except (SyntaxError, ValueError):
        return None
    if module.is_dynamic or (named or _USUAL_NAME) in module.bound:
        return None
    able = [name for name in module.classes if module.may_handle(name)]
    if named is None:
        if able or module.foreign:
            return None
        return f"has neither a function {_USUAL_NAME} nor a class with one: name what is to be called, as FILE:NAME"
    if len(able) == 1:
        return None
    known = [name for name in (*module.functions, *module.classes) if not name.startswith("_")]
    return f"defines no {named}" + (f": there is {', '.join(known)}" if known else ", nor anything else to be called")


@dataclass(frozen=True)
class _Module:
    """The names of a module.

    Attributes:
        functions: names of the functions that it defines, in order.
        classes: the classes that it defines, by name.
        imported: the top-level package of each imported name.
        bound: all names.
        foreign: whether an imported or assigned name may be a handler's class.
        is_dynamic: whether the module may have further names.
    """

    functions: tuple[str, ...]
    classes: Mapping[str, ast.ClassDef]
    imported: Mapping[str, str]
    bound: frozenset[str]
    foreign: bool
    is_dynamic: bool

    @classmethod
    def of(cls, tree: ast.Module) -> Self:
        """The names that running the module's own statements binds, whichever of them run."""
        statements = list(_own_statements(tree))
        functions = tuple(each.name for each in statements if isinstance(each, _FUNCTIONS))
        classes = {each.name: each for each in statements if isinstance(each, ast.ClassDef)}
        imported = {name: package for each in statements for name, package in _imported(each).items()}
        stored = {each.id for each in statements if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)}
        shared = {name for each in ast.walk(tree) if isinstance(each, ast.Global) for name in each.names}
        without_handlers = {"ts", *_WITHOUT_HANDLERS}
        return cls(
            functions=functions,
            classes=classes,
            imported=imported,
            bound=frozenset({*functions, *classes, *imported, *stored, *shared}),
            foreign=any(package not in without_handlers for package in imported.values())
            or any(map(_is_class_name, stored)),
            is_dynamic="*" in imported or any(_is_dynamic(each) for each in ast.walk(tree)),
        )

    def may_handle(self, name: str, *subclasses: str) -> bool:
        """Whether a class of the module has the method `handle`, or may inherit it."""
        definition = self.classes[name]
        names = _Module.of(ast.Module(definition.body, [])).bound
        if definition.decorator_list or definition.keywords or _USUAL_NAME in names:
            return True
        return any(self._may_inherit(base, (name, *subclasses)) for base in definition.bases)

    def _may_inherit(self, base: ast.expr, subclasses: tuple[str, ...]) -> bool:
        """Whether a class may inherit the method from a base; `subclasses` guards against cycles."""
        root = base
        while isinstance(root, ast.Attribute | ast.Subscript):
            root = root.value
        if not isinstance(root, ast.Name):
            return True
        if root is base and root.id in self.classes:
            return root.id not in subclasses and self.may_handle(root.id, *subclasses)
        return root.id != "object" and self.imported.get(root.id) not in _WITHOUT_HANDLERS


def _own_statements(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes that run with the module itself, without the bodies of functions and classes."""
    for each in ast.iter_child_nodes(node):
        yield each
        if not isinstance(each, (*_FUNCTIONS, ast.ClassDef, ast.Lambda)):
            yield from _own_statements(each)


def _imported(statement: ast.AST) -> Mapping[str, str]:
    """The names that a statement imports, each with its top-level package; empty for a relative import."""
    if isinstance(statement, ast.Import):
        names = {alias.asname or alias.name.partition(".")[0]: alias.name for alias in statement.names}
    elif isinstance(statement, ast.ImportFrom):
        module = "" if statement.level else statement.module or ""
        names = {alias.asname or alias.name: module for alias in statement.names}
    else:
        names = {}
    return {name: module.partition(".")[0] for name, module in names.items()}


def _is_class_name(name: str) -> bool:
    """Whether a name is spelled like a class."""
    return name[0].isupper() and not name.isupper()


def _is_dynamic(node: ast.AST) -> bool:
    """Whether a node may add names, or a method `handle`, at run time."""
    if isinstance(node, ast.Attribute) and node.attr == _USUAL_NAME and isinstance(node.ctx, ast.Store):
        return True
    named = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
    return named in _DYNAMIC or (isinstance(node, ast.FunctionDef) and node.name in _DYNAMIC)
