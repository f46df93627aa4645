#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""device.py - the first GPU that the NVIDIA driver has: prints its name and the driver's version; or
says in one sentence what is missing, and ends with 1."""
import ctypes
import sys


def ask(cu, function, *args):
    code = getattr(cu, function)(*args)
    if code:
        raise OSError(f"the driver is here, but {function} gave its code {code}"
                      + (" (no device)" if code == 100 else ""))


def first_device():
    try:
        cu = ctypes.CDLL("libcuda.so.1")
    except OSError as why:
        raise OSError(f"no NVIDIA driver: {why}") from None
    count, version, name = ctypes.c_int(), ctypes.c_int(), ctypes.create_string_buffer(96)
    ask(cu, "cuInit", 0)
    ask(cu, "cuDeviceGetCount", ctypes.byref(count))
    if count.value == 0:
        raise OSError("the NVIDIA driver is here, but no device")
    ask(cu, "cuDriverGetVersion", ctypes.byref(version))
    ask(cu, "cuDeviceGetName", name, len(name), 0)
    return f"{name.value.decode(errors='replace')}, CUDA {version.value // 1000}.{version.value % 1000 // 10}"


try:
    print(first_device())
except OSError as why:
    print(f"gpu-check: {why}", file=sys.stderr)
    sys.exit(1)
