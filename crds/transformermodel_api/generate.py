"""Writes the files that are generated from the types: `python -m transformermodel_api.generate [--check]`."""

import sys
from collections.abc import Callable
from pathlib import Path

from transformermodel_api import GROUP, PLURAL
from transformermodel_api.crd import crd_yaml
from transformermodel_api.errors import UserError
from transformermodel_api.reference import failures_page, resource_page

__all__ = ["crd_yaml", "generated_files", "main"]


def generated_files(root: Path) -> dict[Path, str]:
    """Path and content of every generated file of a checkout."""
    crd = crd_yaml()
    return {
        root / "crds" / f"{GROUP}_{PLURAL}.yaml": crd,
        # a template of the chart reads this file and adds Helm's annotations
        root / "charts" / "transformermodel" / "files" / f"{PLURAL}.yaml": crd,
        root / "docs" / "resource.md": resource_page(),
        root / "docs" / "failures.md": failures_page(),
    }


def checkout() -> Path:
    """Root of the checkout that contains this module.

    Raises:
        UserError: the package is not installed from a checkout.
    """
    root = Path(__file__).resolve().parents[2]
    if not (root / "pyproject.toml").is_file() or not (root / "crds").is_dir():
        raise UserError(
            f"{root} is not a checkout of the project: generate works only there (pip install --editable .)"
        )
    return root


def outdated(files: dict[Path, str]) -> list[Path]:
    """The files that are missing or have different content."""
    return [path for path, text in files.items() if not path.is_file() or path.read_text("utf-8") != text]


def write(files: dict[Path, str]) -> None:
    """Write the files, and create missing folders."""
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def main(arguments: list[str], generated: Callable[[Path], dict[Path, str]] = generated_files) -> int:
    """Write the generated files, or with `--check` report the ones that are out of date.

    Args:
        arguments: of the command line: nothing, or `--check`.
        generated: path and content of the files, given the root of the checkout.

    Returns:
        The exit status: 1 if `--check` found a file out of date, 2 for wrong arguments or outside a checkout.
    """
    if arguments not in ([], ["--check"]):
        print("usage: python -m transformermodel_api.generate [--check]", file=sys.stderr)
        return UserError.exit_status
    try:
        root = checkout()
    except UserError as error:
        print(error, file=sys.stderr)
        return error.exit_status
    files = generated(root)
    stale = outdated(files)
    if arguments == ["--check"]:
        for path in stale:
            print(f"{path.relative_to(root)} is out of date: run `make generate` and commit it", file=sys.stderr)
        return 1 if stale else 0
    write({path: files[path] for path in stale})
    for path in stale:
        print(f"wrote {path.relative_to(root)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
