"""Freed memory that stays with the process: told by a process of its own, as the setting holds for the whole of it."""

import platform
import subprocess
import sys

import pytest

FAULTS_OF_A_BLOCK = """
import ctypes, resource
from scalelaw.harness.malloc import keep_freed_memory

libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_size_t], [ctypes.c_void_p]

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    block = libc.malloc(2**26)
    ctypes.memset(block, 1, 2**26)
    libc.free(block)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

faults()
again = faults()
assert keep_freed_memory()
faults()
print(again, faults())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the setting is one of the GNU C library")
def test_a_large_block_is_cleared_once_and_then_used_again():
    printed = subprocess.run([sys.executable, "-c", FAULTS_OF_A_BLOCK], capture_output=True, text=True, check=True)
    before, after = map(int, printed.stdout.split())
    assert before > 20
    assert after < 10
