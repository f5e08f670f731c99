"""Have a C++ compiler for the tests that compile models: `python -m tests.compiler`. What is there is left as it is."""

import os
import shutil
import subprocess
import sys

import pytest

from tests.cluster.install import install_packages

_COMPILER = "g++"


def require_compiler() -> None:
    """Skip the test that calls this where there is no compiler; with CI=true it fails."""
    if shutil.which(_COMPILER) is None:
        reason = f"it needs {_COMPILER}: run `python -m tests.compiler`, or install the Debian package of that name"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)


def main() -> int:
    """Install the compiler where it is missing and there is apt-get; the tests say what they miss otherwise."""
    if shutil.which(_COMPILER) is None and shutil.which("apt-get") is not None and os.geteuid() == 0:
        try:
            install_packages([_COMPILER])
        except subprocess.CalledProcessError as error:
            print(f"{_COMPILER} could not be installed: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
