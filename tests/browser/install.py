"""Install the browser: `python -m tests.browser.install`. What is there is left as it is."""

import os
import platform
import shutil
import subprocess
import sys

from tests.cluster.install import install_packages

_PACKAGES = {"chromium": "chromium", "chromedriver": "chromium-driver"}
"""A program that the tests run → the Debian package that has it."""


def not_installed() -> str | None:
    """Why pages cannot be opened; None if they can."""
    missing = _missing()
    return f"{', '.join(missing)} not installed; run `python -m tests.browser.install`" if missing else None


def _missing() -> list[str]:
    return [package for program, package in _PACKAGES.items() if shutil.which(program) is None]


def _unavailable() -> str | None:
    """Why it cannot be installed here."""
    if platform.system() != "Linux" or shutil.which("apt-get") is None:
        return "there is no apt-get to install it; install Chromium and its driver by hand"
    return None if os.geteuid() == 0 else "it needs root, to install Debian packages"


def main() -> int:
    """Install; status 1 if that fails, or if it cannot be although CI=true asks for all tests."""
    missing = _missing()
    if not missing:
        return 0
    if reason := _unavailable():
        print(f"browser: left out: {reason}")
        return int(os.environ.get("CI") == "true")
    try:
        install_packages([*missing, "fonts-dejavu-core"])
    except subprocess.CalledProcessError as error:
        print(f"browser: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
