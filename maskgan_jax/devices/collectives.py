"""The collectives of a compiled program, read from its HLO text."""

import re
from typing import NamedTuple

from maskgan_jax.devices.hlo import INSTRUCTION, WITHOUT_WORK, array_bytes

KINDS = ("all-gather", "all-reduce", "all-to-all", "collective-broadcast", "collective-permute", "reduce-scatter")


class Collective(NamedTuple):
    """An exchange of arrays between devices.

    Attributes:
      kind: one of `KINDS`.
      size: bytes of its operands or its results on one device, whichever are more.
      overlapped: whether the program computes something else meanwhile.
    """

    kind: str
    size: int
    overlapped: bool

    @property
    def sent(self) -> int:
        """Bytes that a device sends; of n devices it is (n - 1) / n of this in ring algorithms.

        An all-reduce sends each byte twice: to the device that adds it up, and the sum to all.
        """
        return 2 * self.size if self.kind == "all-reduce" else self.size


def read_collectives(hlo: str) -> list[Collective]:
    """Return the collectives of a scheduled HLO module, those in the body of a loop once.

    XLA's TPU compiler overlaps a collective in two ways: as two instructions, `-start` and `-done`, with others between
    them, or in steps inside of the fusions that it overlaps with, whose copies of the one instruction have a `chain_id`
    and the same channel. It writes a reduce-scatter as an all-reduce in a computation `all-reduce-scatter`.

    Args:
      hlo: `jax.stages.Compiled.as_text()`.
    """
    found = []
    sizes = {}  # of results, by instruction
    started, overlapped = {}, set()  # bytes by unfinished -start; those of them that have work after them
    channels = set()  # of collectives in fusions
    computation = ""
    for line in hlo.splitlines():
        instruction = INSTRUCTION.match(line)
        if not instruction:
            computation = line if line.endswith("{") else computation
            continue
        name, opcode = instruction["name"], instruction["opcode"]
        sizes[name] = array_bytes(instruction["shape"])
        start, done = opcode.endswith("-start"), opcode.endswith("-done")
        kind = opcode.removesuffix("-start").removesuffix("-done")
        if kind not in KINDS:
            if not (start or done or opcode in WITHOUT_WORK):
                overlapped.update(started)
            continue
        if computation.startswith("%all-reduce-scatter"):
            kind = "reduce-scatter"
        operands = re.findall(r"%([\w.-]+)", instruction["rest"].partition("), ")[0])
        operand_size = sum(sizes.get(operand, 0) for operand in operands)
        if start:
            started[name] = operand_size
        elif done:
            (of,) = operands
            found.append(Collective(kind, max(started.pop(of), sizes[name]), of in overlapped))
        elif "chain_id=" not in line:
            found.append(Collective(kind, max(operand_size, sizes[name]), overlapped=False))
        else:
            channel = re.search(r"channel_id=(\d+)", line)[1]
            if channel not in channels:
                found.append(Collective(kind, max(operand_size, sizes[name]), overlapped=True))
            channels.add(channel)
    return found
