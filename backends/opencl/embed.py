#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the kernels' sources as C strings: embed.py OUT.c NAME.cl ...

NAME.cl becomes ocl_text_NAME, one literal a line, so that the result can be read.
"""
import os
import sys


def literal(line):
    out = line.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t").replace("?", "\\?")
    return '    "%s\\n"\n' % out


def write_text(out, path):
    name = os.path.splitext(os.path.basename(path))[0]
    with open(path, encoding="ascii") as text:
        body = "".join(literal(line) for line in text.read().splitlines())
    out.write("extern const char ocl_text_%s[];\n" % name)
    out.write("const char ocl_text_%s[] =\n%s    ;\n" % (name, body))


def main(out_path, paths):
    with open(out_path, "w", encoding="ascii", newline="\n") as out:
        out.write("/* made by embed.py */\n")
        out.write('#pragma GCC diagnostic ignored "-Woverlength-strings"\n')
        for path in paths:
            write_text(out, path)


main(sys.argv[1], sys.argv[2:])
