"""What docs/handlers.md shows of testing a handler, done."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

GUIDE = Path(__file__).resolve().parents[4] / "docs" / "handlers.md"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The files that the guide shows, each beginning with its name."""
    for name, content in re.findall(r"^```\w+\n# (\S+)\n(.*?)^```", GUIDE.read_text(), re.DOTALL | re.MULTILINE):
        (tmp_path / name).write_text(content)
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        *["by_hand.py", "handler.py", "pytest.toml", "test_handler.py"]
    ]
    return tmp_path


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command], cwd=folder, capture_output=True, text=True, check=False, timeout=300
    )


def test_the_plugin_lets_a_handlers_tests_run(project: Path) -> None:
    done = run(project, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


def test_without_the_plugin_ts_is_not_there(project: Path) -> None:
    (project / "pytest.toml").write_text('[pytest]\npythonpath = ["."]\n')
    done = run(project, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    assert done.returncode != 0
    assert "No module named 'ts'" in done.stdout


def test_by_hand_it_is_there_within_the_block(project: Path) -> None:
    (project / "archive").mkdir()
    (project / "handler.py").rename(project / "archive" / "handler.py")
    done = run(project, "-c", (project / "by_hand.py").read_text() + "\nimport ts")
    assert done.stdout.strip() == "[3]", done.stderr
    assert "No module named 'ts'" in done.stderr
