import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from transformermodel_predictor.threads import cpu_limit, limit_threads


def limit(tmp_path: Path, own: str, files: dict[str, str]) -> int:
    """The limit on a machine with these cgroup files and endless cores."""
    for name, content in files.items():
        file = tmp_path / "cgroup" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    (tmp_path / "own").write_text(own)
    return cpu_limit(tmp_path / "cgroup", tmp_path / "own")


_LOAD_OPENMP = """
import ctypes, sys
from transformermodel_predictor.threads import limit_threads
limit_threads(2)
ctypes.CDLL(sys.argv[1])
"""


def _openmp() -> Path:
    """GNU's OpenMP as PyTorch's wheels bring it."""
    found = importlib.util.find_spec("torch")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "lib" / "libgomp.so.1"


@pytest.fixture(autouse=True)
def many_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(64)), raising=False)


def v1(directory: str, quota: str) -> dict[str, str]:
    return {f"{directory}/cpu.cfs_quota_us": quota, f"{directory}/cpu.cfs_period_us": "100000\n"}


@pytest.mark.parametrize(
    ("own", "files", "cpus"),
    [
        pytest.param("0::/\n", {"cpu.max": "250000 100000\n"}, 2, id="v2, rounded down"),
        pytest.param("0::/\n", {"cpu.max": "50000 100000\n"}, 1, id="v2, less than one"),
        pytest.param("0::/\n", {"cpu.max": "max 100000\n"}, 64, id="v2 without limit"),
        pytest.param("0::/a/b\n", {"a/cpu.max": "300000 100000\n", "a/b/cpu.max": "max 100000\n"}, 3, id="v2 around"),
        pytest.param("4:cpu,cpuacct:/pod/box\n", v1("cpu/pod/box", "400000\n"), 4, id="v1"),
        pytest.param("4:cpu,cpuacct:/pod\n0::/\n", v1("cpu,cpuacct", "400000\n"), 4, id="v1 in a container"),
        pytest.param("4:cpu:/\n", v1("cpu", "-1\n"), 64, id="v1 without limit"),
        pytest.param("4:memory:/x\n", v1("memory/x", "100000\n"), 64, id="another controller's"),
        pytest.param("0::/\n", {}, 64, id="none"),
    ],
)
def test_the_limit_is_the_smallest_quota_around_the_process(
    tmp_path: Path, own: str, files: dict[str, str], cpus: int
) -> None:
    assert limit(tmp_path, own, files) == cpus


def test_affinity_is_a_limit_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1, 2}, raising=False)
    assert limit(tmp_path, "0::/\n", {"cpu.max": "800000 100000\n"}) == 3


def test_a_machine_without_cgroups_has_its_cores(tmp_path: Path) -> None:
    assert cpu_limit(tmp_path / "none", tmp_path / "none") == 64


@pytest.mark.skipif(not _openmp().exists(), reason="PyTorch's OpenMP is another than GNU's")
def test_openmp_spins_as_briefly_as_it_is_told_to() -> None:
    """What `limit_threads` sets in the environment reaches a library that is loaded later in the same process."""
    environment = {
        name: value for name, value in os.environ.items() if name not in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")
    }
    told = subprocess.run(
        [sys.executable, "-c", _LOAD_OPENMP, _openmp()],
        env={**environment, "OMP_DISPLAY_ENV": "verbose"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "GOMP_SPINCOUNT = '3000'" in told.stderr


class TestLimitThreads:
    @pytest.fixture(autouse=True)
    def unchanged(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What is changed here is restored."""
        for name in (
            "OMP_NUM_THREADS",
            "OMP_PROC_BIND",
            "GOMP_SPINCOUNT",
            "RAYON_NUM_THREADS",
            "TOKENIZERS_PARALLELISM",
        ):
            monkeypatch.setenv(name, "")
        monkeypatch.setattr("transformermodel_predictor.threads.cpu_limit", lambda: 4)

    @pytest.mark.parametrize(
        ("wanted", "environment", "threads"), [(None, "", 4), (2, "", 2), (99, "", 4), (None, "3", 3), (None, "99", 4)]
    )
    def test_never_more_than_the_limit(
        self, wanted: int | None, environment: str, threads: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OMP_NUM_THREADS", environment)
        assert limit_threads(wanted) == threads
        assert os.environ["OMP_NUM_THREADS"] == os.environ["RAYON_NUM_THREADS"] == str(threads)

    def test_threads_are_bound_to_no_core_whatever_the_environment_says(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OMP_PROC_BIND", "close")
        limit_threads(2)
        assert os.environ["OMP_PROC_BIND"] == "false"

    def test_threads_wait_as_the_user_says(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)
        monkeypatch.setenv("OMP_WAIT_POLICY", "active")
        limit_threads(2)
        assert "GOMP_SPINCOUNT" not in os.environ
        monkeypatch.delenv("OMP_WAIT_POLICY")
        monkeypatch.setenv("GOMP_SPINCOUNT", "77")
        limit_threads(2)
        assert os.environ["GOMP_SPINCOUNT"] == "77"

    def test_tokenizers_are_told_explicitly(self) -> None:
        limit_threads(1)
        assert os.environ["TOKENIZERS_PARALLELISM"] == "false"
        limit_threads(2)
        assert os.environ["TOKENIZERS_PARALLELISM"] == "true"
