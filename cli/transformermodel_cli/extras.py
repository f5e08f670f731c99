"""Packages that a part of the commands needs, and that not every installation has: pyproject's extras."""

import re
from importlib.metadata import requires

from transformermodel_api.errors import UserError

_PACKAGE = "transformermodel"
_EXTRAS = ("predictor", "operator")
"""In this order where both bring a package: the operator's own are missed first where it is started."""
_REQUIREMENT = re.compile(r"([\w.-]+).*\bextra == ['\"](\w+)['\"]")


def not_installed(error: ModuleNotFoundError) -> UserError | None:
    """What to install where a module of an extra is missing; None for another module, which is a fault of ours."""
    module = (error.name or "").partition(".")[0]
    bringing = {extra for name, extra in _optional_requirements() if _module(name) == module}
    extra = next((extra for extra in _EXTRAS if extra in bringing), None)
    if extra is None:
        return None
    return UserError(f"{module} is not installed, which this command needs: pip install '{_PACKAGE}[{extra}]'")


def _optional_requirements() -> list[tuple[str, str]]:
    """Names of distributions, each with an extra that brings it."""
    found = (_REQUIREMENT.match(line) for line in requires(_PACKAGE) or ())
    return [(match[1], match[2]) for match in found if match]


def _module(distribution: str) -> str:
    return distribution.replace("-", "_").lower()
