"""Freed memory goes back to the system."""

import os
import platform
from pathlib import Path

import pytest

from maskgan_jax.devices.compiler_memory import release_compiler_memory

MIB = 2**20


def resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries keep little of what is freed")
def test_memory_that_is_freed_between_blocks_in_use_goes_back_to_the_system():
    """As a compiler leaves it: glibc by itself gives back no more than what lies above everything in use."""
    blocks = [bytes(2000) for _ in range(200 * MIB // 2000)]
    in_use = blocks[::100]
    blocks.clear()
    before = resident()
    release_compiler_memory()
    assert before - resident() > 100 * MIB
    del in_use
