"""How HLO text, which XLA's compilers write, says what a program does."""

import math
import re

INSTRUCTION = re.compile(r'^ *(?:ROOT )?%(?P<name>[\w.-]+) = (?P<shape>[^%"]*?) (?P<opcode>[\w-]+)\((?P<rest>.*)$')

WITHOUT_WORK = ("parameter", "constant", "get-tuple-element", "tuple", "bitcast", "after-all")
"""Opcodes that take no time."""

ARRAY = re.compile(r"\b(?P<type>pred|[a-z]+(?P<bits>\d+)\w*)\[(?P<axes>[\d,]*)\](?:\{(?P<layout>[^}]*)\})?")
"""An array's shape, or one of a tuple's."""

_MEMORY = re.compile(r"S\([1-9]\d*\)")


def array_bytes(shape: str, hbm_only: bool = False) -> int:
    """Return the size of an array, or of a tuple's arrays, without the padding of tiles.

    Args:
      shape: as HLO has it, such as `(f32[2,3]{1,0}, bf16[4]{0:T(128)S(1)})`.
      hbm_only: whether arrays in another memory, such as S(1), a TPU's VMEM, are left out.
    """
    arrays = [array for array in ARRAY.finditer(shape) if not (hbm_only and _MEMORY.search(array["layout"] or ""))]
    return sum(int(a["bits"] or 8) * math.prod(map(int, filter(None, a["axes"].split(",")))) // 8 for a in arrays)
