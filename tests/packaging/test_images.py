"""The Dockerfiles. No base image can be fetched where the tests run, so they are linted and read, not built."""

import subprocess
import sysconfig
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILES = sorted((ROOT / "docker").glob("*.Dockerfile"))
OPERATOR, PREDICTOR = (ROOT / "docker" / f"{name}.Dockerfile" for name in ("operator", "predictor"))

pytestmark = pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.stem)


def stages(dockerfile: Path) -> list[list[str]]:
    """The instructions of each stage, its FROM first."""
    lines = [line for line in dockerfile.read_text().splitlines() if line and not line.startswith("#")]
    starts = [number for number, line in enumerate(lines) if line.startswith("FROM ")]
    return [lines[start:end] for start, end in zip(starts, [*starts[1:], None], strict=True)]


def test_hadolint_finds_nothing(dockerfile: Path) -> None:
    hadolint = Path(sysconfig.get_path("scripts")) / "hadolint"
    done = subprocess.run([str(hadolint), str(dockerfile)], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.stdout == ""
    assert done.returncode == 0


def test_the_base_image_is_an_argument_with_a_fixed_version(dockerfile: Path) -> None:
    (default,) = [line for line in dockerfile.read_text().splitlines() if line.startswith("ARG PYTHON_IMAGE=")]

    assert default.partition(":")[2][0].isdigit()
    assert {stage[0].split()[1] for stage in stages(dockerfile)} == {"${PYTHON_IMAGE}"}


def test_it_ends_as_the_user_65532(dockerfile: Path) -> None:
    users = [line for line in stages(dockerfile)[-1] if line.startswith("USER ")]

    assert users == ["USER 65532:65532"]


def test_it_takes_over_the_environment_alone_and_no_cache(dockerfile: Path) -> None:
    build, final = stages(dockerfile)

    assert [line for line in final if line.startswith(("COPY", "RUN", "ADD"))] == [
        "COPY --from=build /opt/transformermodel /opt/transformermodel"
    ]
    assert any("PIP_NO_CACHE_DIR=1" in line for line in build)


def test_versions_are_those_of_the_constraints(dockerfile: Path) -> None:
    build, _ = stages(dockerfile)
    pinned = next(number for number, line in enumerate(build) if "PIP_CONSTRAINT=/source/constraints.txt" in line)
    installing = [number for number, line in enumerate(build) if line.startswith("RUN pip install")]

    assert installing
    assert min(installing) > pinned


def test_each_image_has_its_own_extra_and_can_send_traces(dockerfile: Path) -> None:
    extras = {OPERATOR: "'.[operator,tracing]'", PREDICTOR: "'.[predictor,tracing]'"}

    assert f"RUN pip install {extras[dockerfile]}" in stages(dockerfile)[0]
    assert "torch" not in OPERATOR.read_text()


def test_the_build_sees_what_the_wheel_needs_and_no_more(dockerfile: Path) -> None:
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    rooms = {package.partition("/")[0] for package in wheel["packages"]}

    assert kept == rooms | {"pyproject.toml", "README.md", "LICENSE", "constraints.txt"}
