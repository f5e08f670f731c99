"""The versions that work together: constraints.txt beside pyproject.toml."""

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LINES = (ROOT / "constraints.txt").read_text().splitlines()


@pytest.fixture(scope="module")
def pins() -> dict[str, str]:
    requirements = [Requirement(line) for line in LINES]
    return {canonicalize_name(r.name): str(r.specifier).removeprefix("==") for r in requirements}


def test_every_line_is_one_exact_version_and_no_address() -> None:
    for line in LINES:
        requirement = Requirement(line)
        (specifier,) = requirement.specifier
        assert specifier.operator == "=="
        assert requirement.url is None
        assert "://" not in line


def test_lines_are_sorted_and_unique() -> None:
    names = [canonicalize_name(Requirement(line).name) for line in LINES]

    assert names == sorted(set(names))


@pytest.mark.parametrize("extra", [None, *PROJECT["optional-dependencies"]])
def test_every_direct_dependency_is_pinned_within_its_range(pins: dict[str, str], extra: str | None) -> None:
    wanted = PROJECT["optional-dependencies"][extra] if extra else PROJECT["dependencies"]

    for requirement in map(Requirement, wanted):
        assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)]), str(requirement)
