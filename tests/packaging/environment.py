"""An environment with the wheel in it and nothing of this checkout."""

import subprocess
import sys
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Environment:
    """A virtual environment that sees the tests' dependencies, but not their editable installation of the project."""

    directory: Path

    @classmethod
    def create(cls, directory: Path, wheel: Path) -> "Environment":
        """Make the environment and install the wheel."""
        venv.create(directory, with_pip=False)
        environment = cls(directory)
        # A folder named in a .pth file is searched, but .pth files in it (an editable installation's) are not read.
        (environment.packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
        pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(environment.python))
        subprocess.run([*pip, "install", "--quiet", "--no-deps", "--no-index", str(wheel)], check=True)
        return environment

    @property
    def python(self) -> Path:
        """The interpreter."""
        return self.directory / "bin" / "python"

    @property
    def packages(self) -> Path:
        """Where the wheel's packages are."""
        (packages,) = self.directory.glob("lib/python*/site-packages")
        return packages

    def run(self, *command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run one of the environment's programs with nothing from this process's environment."""
        program = self.directory / "bin" / command[0]
        return subprocess.run(
            [str(program), *command[1:]],
            cwd=cwd,
            env={"HOME": str(cwd), "PATH": "/usr/bin:/bin", "COLUMNS": "120"},
            capture_output=True,
            text=True,
            check=False,
        )

    def modules_after(self, statement: str, cwd: Path) -> set[str]:
        """Names of the top-level packages that a statement leaves loaded."""
        show = "import sys; print(*{name.partition('.')[0] for name in sys.modules})"
        done = self.run("python", "-c", f"{statement}\n{show}", cwd=cwd)
        assert done.returncode == 0, done.stderr
        return set(done.stdout.split())
