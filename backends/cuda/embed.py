#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""embed.py OUT NAME... [-- FATBIN...] - writes the C file that holds the device code: the fatbins
as they are, one for each name; without them a text, which no driver takes for code."""
import os
import sys

out, rest = sys.argv[1], sys.argv[2:]
names = rest[:rest.index('--')] if '--' in rest else rest
fatbins = rest[rest.index('--') + 1:] if '--' in rest else []
with open(out, 'w') as f:
    f.write('/* made by embed.py */\n#include "host.h"\n\n')
    for name, path in zip(names, fatbins):
        f.write(f'__asm__(".section .rodata\\n.balign 64\\ncuda_blob_{name}:\\n"\n'
                f'        ".incbin \\"{os.path.abspath(path)}\\"\\n.previous\\n");\n'
                f'extern const char cuda_blob_{name}[] __attribute__((visibility("hidden")));\n')
    for name in names[len(fatbins):]:
        f.write(f'static const char cuda_blob_{name}[] = "no device code: {name}";\n')
    f.write('\nconst struct cuda_blob cuda_blobs[CUDA_FILE_COUNT] = {\n')
    for name in names:
        f.write(f'    [CUDA_FILE_{name.upper()}] = {{cuda_blob_{name}}},\n')
    f.write('};\n')
