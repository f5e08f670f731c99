"""Packages that only some commands need and not every installation has: pyproject's extras."""

import re
from importlib.metadata import requires

from transformermodel_api.errors import UserError

_PACKAGE = "transformermodel"
_EXTRAS = ("predictor", "operator")
"""In order of preference if both contain a package: starting the operator misses its own packages first."""
_REQUIREMENT = re.compile(r"([\w.-]+).*\bextra == ['\"](\w+)['\"]")


def not_installed(error: ModuleNotFoundError) -> UserError | None:
    """What to install if an extra's module is missing; None for any other module, which is a bug of ours."""
    module = (error.name or "").partition(".")[0]
    bringing = {extra for name, extra in _optional_requirements() if _module(name) == module}
    extra = next((extra for extra in _EXTRAS if extra in bringing), None)
    if extra is None:
        return None
    return UserError(f"{module} is not installed, which this command needs: pip install '{_PACKAGE}[{extra}]'")


def _optional_requirements() -> list[tuple[str, str]]:
    """Names of distributions, each with an extra that contains it."""
    found = (_REQUIREMENT.match(line) for line in requires(_PACKAGE) or ())
    return [(match[1], match[2]) for match in found if match]


def _module(distribution: str) -> str:
    return distribution.replace("-", "_").lower()
