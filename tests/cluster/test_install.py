"""Installing leaves what is there, builds anew what has changed, and says why a cluster cannot run."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cluster import install, programs
from tests.cluster.node.run import PROGRAMS


def test_what_is_installed_is_left_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    before = {path.name: path.lstat().st_mtime_ns for path in PROGRAMS.iterdir()}
    assert install.main() == 0
    assert capsys.readouterr().out == ""
    assert {path.name: path.lstat().st_mtime_ns for path in PROGRAMS.iterdir()} == before


def test_a_changed_module_is_built_anew(tmp_path: Path) -> None:
    shutil.copytree(programs.KUBERNETES.path, tmp_path / "kubernetes")
    module = replace(programs.KUBERNETES, root=tmp_path)
    copied = module.key()
    with (tmp_path / "kubernetes" / "main.go").open("a") as source:
        source.write("// changed\n")
    assert module.key() != copied


@pytest.mark.parametrize(("ci", "status"), [("", 0), ("true", 1)])
def test_without_root_the_cluster_is_left_out_unless_all_tests_are_asked_for(
    ci: str, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("CI", ci)
    install.unavailable.cache_clear()
    try:
        assert install.main() == status
    finally:
        install.unavailable.cache_clear()
    assert capsys.readouterr().out == "cluster: left out: it needs root, for namespaces and mounts\n"
