import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from transformermodel_predictor.engines.cores import Cores, process_cores


@pytest.fixture(scope="module")
def cores() -> Iterator[Cores]:
    threads = torch.get_num_threads()
    yield Cores(2)
    torch.set_num_threads(threads)


def threads_of_a_new_thread() -> int:
    found: list[int] = []
    thread = threading.Thread(target=lambda: found.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    return found[0]


def compute_alone() -> None:
    torch.get_num_threads()  # gives a new thread the number of all
    torch.set_num_threads(1)


def test_parts_run_at_the_same_time_and_answer_in_their_order(cores: Cores) -> None:
    both = threading.Barrier(2, timeout=60)
    assert sorted(cores.run([both.wait, both.wait])) == [0, 1]
    assert cores.run([lambda: "first", lambda: "second", lambda: "third"]) == ["first", "second", "third"]


def test_each_computes_alone_and_others_as_before(cores: Cores) -> None:
    assert cores.run([torch.get_num_threads] * 2) == [1, 1]
    assert torch.get_num_threads() == threads_of_a_new_thread() == 2


def test_on_a_large_machine_each_part_has_several_cores() -> None:
    threads = torch.get_num_threads()
    try:
        cores = Cores(9)
        assert cores.count == 4
        assert cores.run([torch.get_num_threads] * 4) == [2] * 4
    finally:
        torch.set_num_threads(threads)


def test_models_that_are_loaded_side_by_side_get_the_same_cores() -> None:
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    together = threading.Barrier(6, timeout=60)

    def ask() -> Cores | None:
        together.wait()
        return process_cores("models side by side")

    try:
        with ThreadPoolExecutor(6) as loading:
            found = {future.result() for future in [loading.submit(ask) for _ in range(6)]}
    finally:
        torch.set_num_threads(threads)
    (cores,) = found
    assert cores is not None
    assert cores.count == 2


def test_whoever_asks_first_gets_the_cores_of_the_process() -> None:
    threads = torch.get_num_threads()
    try:
        with ThreadPoolExecutor(1) as alone:
            alone.submit(compute_alone).result()
            torch.set_num_threads(2)
            assert alone.submit(torch.get_num_threads).result() == 1
            cores = alone.submit(process_cores, "one that computes alone").result()
    finally:
        torch.set_num_threads(threads)
    assert cores is not None
    assert cores.count == 2


def test_what_a_part_raises_is_raised_when_all_are_done(cores: Cores) -> None:
    done = threading.Event()
    failed = threading.Event()

    def fail() -> None:
        failed.set()
        raise ValueError("a part")

    def go_on() -> None:
        failed.wait(60)
        done.set()

    with pytest.raises(ValueError, match="a part"):
        cores.run([fail, go_on])
    assert done.is_set()


def test_no_part_runs_on_when_what_is_done_meanwhile_fails(cores: Cores) -> None:
    failed = threading.Event()
    done = threading.Event()

    def fail() -> None:
        failed.set()
        raise ValueError("meanwhile")

    def go_on() -> None:
        failed.wait(60)
        sum(range(3_000_000))
        done.set()

    with pytest.raises(ValueError, match="meanwhile"):
        cores.run([go_on, go_on], fail)
    assert done.is_set()
