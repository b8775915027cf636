"""What a compiled TPU program moves through HBM, read from its HLO text."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from maskgan_jax.devices.hlo import ARRAY, INSTRUCTION, WITHOUT_WORK, array_bytes

SLICES = ("slice", "dynamic-slice", "gather")
"""Opcodes that read of their first operand what they return."""

UPDATE = "dynamic-update-slice"
"""Opcode that writes its second operand into its first, in place."""

_CALLED = re.compile(
    r"\b(?:calls|to_apply|body|condition|branch_computations|true_computation|false_computation)="
    r"\{?((?:%[\w.-]+(?:, )?)+)"
)
_DEVICE_NUMBERS = ("partition-id", "replica-id")
_ALLOCATES = 'custom_call_target="AllocateBuffer"'
_RUNS = re.compile(r'"known_trip_count":\{"n":"(\d+)"\}')

_in_hbm = partial(array_bytes, hbm_only=True)


class Instruction(NamedTuple):
    """A line of HLO.

    Attributes:
      shape: of the result, as text.
      opcode: what is done.
      operands: names of instructions of the same computation.
      text: what follows the opcode's parenthesis.
    """

    shape: str
    opcode: str
    operands: Sequence[str]
    text: str

    @property
    def called(self) -> list[str]:
        """Return the names of the computations that it runs."""
        return [name for names in _CALLED.findall(self.text) for name in re.findall(r"%([\w.-]+)", names)]


Computation = Mapping[str, Instruction]
"""Instructions by name in their order; the last is the root."""


def hbm_traffic(hlo: str) -> int:
    """Return the bytes that a scheduled HLO module reads from HBM and writes to it, without the padding of tiles.

    An operation reads its operands once and writes its results once. Arrays in other memories and what stays inside of
    a fusion cost nothing; of an array of which only slices are read, or that is updated in place, the slices count. The
    body of a loop counts as often as it runs, where the compiler tells; of a condition's branches all count.

    Args:
      hlo: `jax.stages.Compiled.as_text()`.
    """
    computations, current, entry = {}, {}, ""
    for line in hlo.splitlines():
        if found := INSTRUCTION.match(line):
            operands = re.findall(r"%([\w.-]+)", found["rest"].partition(")")[0])
            current[found["name"]] = Instruction(found["shape"], found["opcode"], operands, found["rest"])
        elif head := re.match(r"(ENTRY )?%([\w.-]+) .*\{$", line):
            current = computations[head[2]] = {}
            entry = head[2] if head[1] else entry
    return _traffic(entry, computations)


def _traffic(name: str, computations: Mapping[str, Computation]) -> int:
    computation = computations[name]
    return sum(_of(each, computation, computations) for each in computation.values())


def _of(each: Instruction, computation: Computation, computations: Mapping[str, Computation]) -> int:
    if each.opcode in (*WITHOUT_WORK, *_DEVICE_NUMBERS) or each.opcode.endswith("-start") or _ALLOCATES in each.text:
        return 0
    if each.opcode in ("while", "call", "conditional"):
        runs = _RUNS.search(each.text)
        return int(runs[1] if runs else 1) * sum(_traffic(name, computations) for name in each.called)
    shapes = [computation[name].shape for name in each.operands]
    if each.opcode == "fusion":
        return _of_fusion(each, shapes, computations[each.called[0]])
    written = _in_hbm(each.shape)
    if each.opcode.endswith("-done"):  # of a copy, a slice or a collective, whose operands the start has
        sources = [computation[name].shape for start in each.operands for name in computation[start].operands]
        return written + sum(min(_in_hbm(source), array_bytes(each.shape)) for source in sources)
    if each.opcode in SLICES:
        return written + min(_in_hbm(shapes[0]), array_bytes(each.shape))
    if each.opcode == UPDATE:
        return _in_hbm(shapes[1]) + min(written, array_bytes(shapes[1]))
    return written + sum(map(_in_hbm, shapes))


def _of_fusion(fusion: Instruction, shapes: Sequence[str], fused: Computation) -> int:
    parameters = {int(each.text.partition(")")[0]): name for name, each in fused.items() if each.opcode == "parameter"}
    read = sum(min(_in_hbm(shape), _read_of(parameters[place], shape, fused)) for place, shape in enumerate(shapes))
    written = [array[0] for array in ARRAY.finditer(fusion.shape)]
    return read + sum(min(_in_hbm(shape), most) for shape, most in zip(written, _written(fused), strict=True))


def _read_of(name: str, shape: str, fused: Computation) -> int:
    """Return how many bytes a fusion reads of an operand, by what its parameter is used for."""
    total = 0
    for user, each in fused.items():
        if name not in each.operands:
            continue
        if each.opcode == "bitcast":
            total += _read_of(user, shape, fused)
        elif each.opcode in SLICES:
            total += array_bytes(each.shape)
        elif each.opcode != UPDATE or each.operands[0] != name:
            return array_bytes(shape)
    return total


def _written(fused: Computation) -> Iterator[int]:
    """Yield how many bytes a fusion writes of each result: the update alone of an operand that is updated in place."""
    root = list(fused.values())[-1]
    for result in [fused[name] for name in root.operands] if root.opcode == "tuple" else [root]:
        source = _before_bitcasts(result, fused)
        in_place = source.opcode == UPDATE and _before_bitcasts(fused[source.operands[0]], fused).opcode == "parameter"
        yield array_bytes(fused[source.operands[1]].shape if in_place else result.shape)


def _before_bitcasts(each: Instruction, fused: Computation) -> Instruction:
    while each.opcode == "bitcast":
        each = fused[each.operands[0]]
    return each
