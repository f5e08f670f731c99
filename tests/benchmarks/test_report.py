"""What benchmarks leave behind: results, and no servers."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import psutil

PATIENCE_SECONDS = 240
KEEPING = """
import sys
from pathlib import Path
from benchmarks import report
from benchmarks.measurement import Figure

report.RESULTS, report.PAGES = Path(sys.argv[1], "results"), Path(sys.argv[1], "pages")
result = report.Result.of([Figure("answer", "s", (2.0, 1.0, 4.0), bound=3)])
report.keep("speed", "python -m speed", result, *sys.argv[2:])
"""
SERVING = """
import signal, sys
from pathlib import Path
from benchmarks.report import end_servers_when_told_to_end
from benchmarks.serving.process import running
from tests.ports import free_port

end_servers_when_told_to_end()
port = str(free_port())
command = [sys.executable, "-m", "http.server", port, "--bind", "127.0.0.1"]
with running(command, f"http://127.0.0.1:{port}", "/", Path(sys.argv[1])) as server:
    print(server.process.pid, flush=True)
    signal.pause()
"""


def test_figures_are_kept_as_json_and_as_a_page(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KEEPING, str(tmp_path)], capture_output=True, text=True, check=True)
    document = json.loads((tmp_path / "results" / "speed.json").read_text())
    assert document["command"] == "python -m speed"
    assert document["values"] == [{"name": "answer", "unit": "s", "values": [2.0, 1.0, 4.0], "bound": 3}]
    page = (tmp_path / "pages" / "speed.md").read_text()
    assert "| answer | 2.0 s | 1.0 | 4.0 | 3 | 3 s |" in page
    assert page in done.stdout


def test_those_of_another_kind_of_machine_stand_in_a_folder_of_their_own(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", KEEPING, str(tmp_path), "gpu"], capture_output=True, check=True)
    kept = {str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*") if file.is_file()}
    assert kept == {"results/gpu/speed.json", "pages/gpu/speed.md"}


def test_a_benchmark_that_is_ended_leaves_no_server_behind(tmp_path: Path) -> None:
    program = [sys.executable, "-c", SERVING, str(tmp_path / "log")]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as benchmark:
        assert benchmark.stdout is not None
        server = int(benchmark.stdout.readline())
        assert psutil.pid_exists(server)
        benchmark.send_signal(signal.SIGTERM)
        assert benchmark.wait(PATIENCE_SECONDS) == 128 + signal.SIGTERM
    assert not psutil.pid_exists(server)
