"""Run every benchmark: `make benchmark`. What cannot be measured here is left out, and the reason told."""

import shutil

from benchmarks import download, first_answer, operator, preparation
from benchmarks.measurement import machine, table
from benchmarks.serving import endurance, generation, latency, throughput
from tests.cluster.install import not_installed, unavailable

print(machine(), table(first_answer.measure(runs=5)), table(preparation.measure(runs=5)), sep="\n\n")
if shutil.which("curl") is None:
    print("\nDownloads are not measured: they are compared with curl's")
else:
    print("", table(download.measure(runs=5)), sep="\n")
if shutil.which("go") is None or shutil.which("java") is None:
    print("\nServing is not measured: the load process needs Go, and TorchServe needs Java")
else:
    print("", throughput.table(throughput.measure(rounds=3, seconds=10)), sep="\n")
    print("", latency.measure(rounds=5, seconds=5), sep="\n")
    print("", endurance.measure(minutes=1), sep="\n")
    print("", generation.measure(rounds=3), sep="\n")
if reason := unavailable() or not_installed():
    print(f"\nThe operator is not measured: {reason}")
else:
    print("", table(operator.measure(models=10, seconds=60)), sep="\n")
