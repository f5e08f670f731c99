import pytest

from transformermodel_predictor.preparation.node import Node, cpu_flags, this_node

X86 = "processor\t: 0\nvendor_id\t: GenuineIntel\nflags\t\t: fpu avx512f amx_bf16\n\nprocessor\t: 1\nflags\t\t: fpu\n"
ARM = "processor\t: 0\nBogoMIPS\t: 243.75\nFeatures\t: fp asimd bf16\n"


@pytest.mark.parametrize(
    ("text", "flags"),
    [(X86, {"fpu", "avx512f", "amx_bf16"}), (ARM, {"fp", "asimd", "bf16"}), ("", set())],
)
def test_the_first_processor_s_flags_are_read(text: str, flags: set[str]) -> None:
    assert cpu_flags(text) == flags


@pytest.mark.parametrize(
    ("node", "can"),
    [
        (Node(), False),
        (Node(cpu_flags=frozenset({"avx512f", "avx512_vnni"})), False),
        (Node(cpu_flags=frozenset({"amx_bf16"})), True),
        (Node(cpu_flags=frozenset({"avx512_bf16"})), True),
        (Node(cpu_flags=frozenset({"bf16"})), True),
        (Node(accelerators=("a GPU",)), True),
    ],
)
def test_bfloat16_is_arithmetic_of_some_processors(node: Node, can: bool) -> None:
    assert node.computes_bfloat16 is can


def test_this_machine_is_looked_at() -> None:
    assert isinstance(this_node(), Node)
