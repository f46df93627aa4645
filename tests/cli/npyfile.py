# SPDX-License-Identifier: MIT
"""npyfile.py - reads and writes .npy files with nothing but Python, for test_cli.py."""
import ast
import struct

CODES = {"f4": "f", "f8": "d", "i4": "i", "i8": "q", "u1": "B", "i1": "b", "b1": "?", "f2": "e"}


def save(path, descr, shape, values, fortran=False, version=1, cut=0):
    """values in the order of the file; cut: bytes missing at its end."""
    header = repr({"descr": descr, "fortran_order": fortran, "shape": tuple(shape)})
    lead = 10 if version == 1 else 12
    header += " " * (-(lead + len(header) + 1) % 64) + "\n"
    size = struct.pack("<H" if version == 1 else "<I", len(header))
    order = ">" if descr[0] == ">" else "<"
    data = struct.pack(order + str(len(values)) + CODES[descr[1:]], *values)
    blob = b"\x93NUMPY" + bytes([version, 0]) + size + header.encode() + data
    with open(path, "wb") as f:
        f.write(blob[: len(blob) - cut])


def load(path):
    """(descr, shape, values in C order)"""
    with open(path, "rb") as f:
        blob = f.read()
    assert blob[:8] == b"\x93NUMPY\x01\x00", blob[:8]
    length = struct.unpack("<H", blob[8:10])[0]
    assert (10 + length) % 64 == 0, length
    head = ast.literal_eval(blob[10:10 + length].decode())
    assert head["fortran_order"] is False
    count = 1
    for n in head["shape"]:
        count *= n
    values = struct.unpack("<" + str(count) + CODES[head["descr"][1:]], blob[10 + length:])
    return head["descr"], head["shape"], list(values)
