"""What a handler's file defines, as far as it can be told without running it. Pure."""

import ast
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Self

_USUAL_NAME = "handle"
_WITHOUT_HANDLERS = sys.stdlib_module_names | {"numpy", "PIL", "torch", "transformers"}
"""Packages whose classes handle nothing."""

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_UNTOLD = frozenset({"__getattr__", "exec", "globals", "import_module", "setattr", "vars"})
"""Functions with which a module comes to names that nobody can read in it."""


def handler_problem(source: bytes, named: str | None) -> str | None:
    """Why nothing in a handler's file can be called, after the file's name; None where something can.

    Also None where only running it would tell, and for a file that this Python cannot read: it may be for another.
    TorchServe takes the function or class that is named, or `handle`, else the only class whatever was named; our own
    server of several classes the first, and one that is imported.
    """
    try:
        module = _Module.of(ast.parse(source))
    except (SyntaxError, ValueError):
        return None
    if module.untold or (named or _USUAL_NAME) in module.bound:
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
        functions: that it defines, in their order.
        classes: that it defines, by their names.
        imported: the package from which a name is.
        bound: all names.
        foreign: whether one may be of a class of somebody else's that handles.
        untold: whether there may be more names.
    """

    functions: tuple[str, ...]
    classes: Mapping[str, ast.ClassDef]
    imported: Mapping[str, str]
    bound: frozenset[str]
    foreign: bool
    untold: bool

    @classmethod
    def of(cls, tree: ast.Module) -> Self:
        """The names that running the module's own statements binds, whichever of them run."""
        statements = list(_own_statements(tree))
        functions = tuple(each.name for each in statements if isinstance(each, _FUNCTIONS))
        classes = {each.name: each for each in statements if isinstance(each, ast.ClassDef)}
        imported = {name: package for each in statements for name, package in _imported(each).items()}
        stored = {each.id for each in statements if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)}
        shared = {name for each in ast.walk(tree) if isinstance(each, ast.Global) for name in each.names}
        lent = {"ts", *_WITHOUT_HANDLERS}
        return cls(
            functions=functions,
            classes=classes,
            imported=imported,
            bound=frozenset({*functions, *classes, *imported, *stored, *shared}),
            foreign=any(package not in lent for package in imported.values()) or any(map(_is_of_class, stored)),
            untold="*" in imported or any(_is_untold(each) for each in ast.walk(tree)),
        )

    def may_handle(self, name: str, *below: str) -> bool:
        """Whether a class of the module has the method `handle`, or may have it from elsewhere."""
        found = self.classes[name]
        if found.decorator_list or found.keywords or _USUAL_NAME in _Module.of(ast.Module(found.body, [])).bound:
            return True
        return any(self._may_bring(base, (name, *below)) for base in found.bases)

    def _may_bring(self, base: ast.expr, below: tuple[str, ...]) -> bool:
        """Whether a class may have the method from a base."""
        root = base
        while isinstance(root, ast.Attribute | ast.Subscript):
            root = root.value
        if not isinstance(root, ast.Name):
            return True
        if root is base and root.id in self.classes:
            return root.id not in below and self.may_handle(root.id, *below)
        return root.id != "object" and self.imported.get(root.id) not in _WITHOUT_HANDLERS


def _own_statements(node: ast.AST) -> Iterator[ast.AST]:
    """What is run with a module itself, not what is in its functions and classes."""
    for each in ast.iter_child_nodes(node):
        yield each
        if not isinstance(each, (*_FUNCTIONS, ast.ClassDef, ast.Lambda)):
            yield from _own_statements(each)


def _imported(statement: ast.AST) -> Mapping[str, str]:
    """The names that a statement imports, and the package of each; empty for one beside the file."""
    if isinstance(statement, ast.Import):
        names = {alias.asname or alias.name.partition(".")[0]: alias.name for alias in statement.names}
    elif isinstance(statement, ast.ImportFrom):
        module = "" if statement.level else statement.module or ""
        names = {alias.asname or alias.name: module for alias in statement.names}
    else:
        names = {}
    return {name: module.partition(".")[0] for name, module in names.items()}


def _is_of_class(name: str) -> bool:
    """Whether a name is written as those of classes are."""
    return name[0].isupper() and not name.isupper()


def _is_untold(node: ast.AST) -> bool:
    if isinstance(node, ast.Attribute) and node.attr == _USUAL_NAME and isinstance(node.ctx, ast.Store):
        return True
    named = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
    return named in _UNTOLD or (isinstance(node, ast.FunctionDef) and node.name in _UNTOLD)
