"""Run every benchmark that needs no cluster: `make benchmark`."""

from benchmarks import first_answer
from benchmarks.measurement import machine, table

print(machine(), table(first_answer.measure(runs=5)), sep="\n\n")
