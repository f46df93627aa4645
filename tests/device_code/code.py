#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""code.py PLUGIN FATBIN LOG ... - the device code of backends/cuda: each fatbin is in the plugin, for every
target, and every kernel was compiled for each without spills. Ends with `N passed, N failed, N skipped`."""
import re
import struct
import sys

PTX, ELF = 1, 2
TARGETS = [(ELF, 75), (ELF, 80), (ELF, 90), (PTX, 90)]
MAGIC = 0xBA55ED50


def entries(data):
    """(kind, compute capability) of each part of a fatbin: 16 bytes of header, then parts with headers of their own"""
    magic, _, at, size = struct.unpack_from('<IHHQ', data, 0)
    if magic != MAGIC or at + size != len(data):
        raise ValueError('no fatbin, or a truncated one')
    found = []
    while at < len(data):
        kind, _, header, body = struct.unpack_from('<HHIQ', data, at)
        found.append((kind, struct.unpack_from('<I', data, at + 28)[0]))
        at += header + body
    return found


def usage(text):
    """{target: {kernel: bytes spilled}} of what ptxas said"""
    seen, target, kernel = {}, None, None
    for line in text.splitlines():
        if m := re.search(r"Compiling entry function '(\w+)' for '(\w+)'", line):
            kernel, target = m.groups()
            seen.setdefault(target, {})[kernel] = None
        elif m := re.search(r'(\d+) bytes spill stores, (\d+) bytes spill loads', line):
            if kernel:
                seen[target][kernel] = int(m[1]) + int(m[2])
    return seen


def judge(plugin, fatbin, log):
    with open(fatbin, 'rb') as f:
        data = f.read()
    with open(log, encoding='utf-8') as f:
        seen = usage(f.read())
    names = set().union(*seen.values())
    elfs = {f'sm_{arch}' for kind, arch in TARGETS if kind == ELF}
    wrong = []
    if data not in plugin:
        wrong.append('is not in the plugin')
    if sorted(entries(data)) != sorted(TARGETS):
        wrong.append(f'is for {sorted(entries(data))}, expected {sorted(TARGETS)} (1 PTX, 2 ELF)')
    if set(seen) != elfs or not names:
        wrong.append(f'has {len(names)} kernels, compiled for {sorted(seen)}')
    for target, kernels in seen.items():
        wrong += [f'{k} was not compiled for {target}' for k in names - set(kernels)]
        wrong += [f'{k} spills {n} bytes on {target}' for k, n in kernels.items() if n != 0]
    return len(names), wrong


with open(sys.argv[1], 'rb') as file:
    whole = file.read()
passed = failed = kernels_in_all = 0
for fatbin_path, log_path in zip(sys.argv[2::2], sys.argv[3::2]):
    count, errors = judge(whole, fatbin_path, log_path)
    kernels_in_all += count
    passed += not errors
    failed += bool(errors)
    for error in errors:
        print(f'FAILED: {fatbin_path}: {error}')
print(f'{kernels_in_all} kernels')
print(f'{passed} passed, {failed} failed, 0 skipped')
raise SystemExit(failed > 0 or passed == 0)
