import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from transformermodel_predictor.artifact.lock import locked

HOLD = """
import sys
from pathlib import Path
from transformermodel_predictor.artifact.lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_owner_waits_for_the_first(tmp_path: Path) -> None:
    order: list[str] = []
    lock, free = tmp_path / "lock", threading.Event()
    held = threading.Event()

    def first() -> None:
        with locked(lock):
            held.set()
            free.wait()
            order.append("first")

    def second() -> None:
        with locked(lock):
            order.append("second")

    one, two = threading.Thread(target=first), threading.Thread(target=second)
    one.start()
    held.wait()
    two.start()
    free.set()
    one.join()
    two.join()
    assert order == ["first", "second"]


def test_many_owners_are_never_inside_together(tmp_path: Path) -> None:
    inside: list[int] = []
    most: list[int] = []

    def work(number: int) -> None:
        for _ in range(50):
            with locked(tmp_path / "lock"):
                inside.append(number)
                most.append(len(inside))
                inside.remove(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) == 1
    assert not (tmp_path / "lock").exists()


def test_a_killed_owner_does_not_keep_the_lock(tmp_path: Path) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert owner.stdout is not None
    assert owner.stdout.readline() == "held\n"
    os.kill(owner.pid, signal.SIGKILL)
    owner.communicate()
    with locked(tmp_path / "lock"):
        pass
    assert not (tmp_path / "lock").exists()
