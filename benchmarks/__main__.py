"""Run every benchmark: `make benchmark`. Without the tests' cluster, the operator is left out and the reason told."""

from benchmarks import first_answer, operator
from benchmarks.measurement import machine, table
from tests.cluster.install import not_installed, unavailable

print(machine(), table(first_answer.measure(runs=5)), sep="\n\n")
if reason := unavailable() or not_installed():
    print(f"\nThe operator is not measured: {reason}")
else:
    print("", table(operator.measure(models=10, seconds=60)), sep="\n")
