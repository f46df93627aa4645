#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""make_known.py - writes known.txt, the known answers for the oracle, and skipped.txt.

Not part of the build: the results are committed. To make them again:
    python3 -m venv venv && venv/bin/pip install onnx numpy mpmath ml_dtypes
    venv/bin/python tests/known/make_known.py
"""

import pathlib

import ml_dtypes
import mpmath
import numpy as np
import onnx

import known_casts
import known_exact
import known_onnx
import known_sums
import known_transcendental
from known_write import Writer

HERE = pathlib.Path(__file__).resolve().parent


def main():
    np.random.seed(0)  # the onnx package draws its inputs from here
    writer = Writer()
    known_onnx.add(writer, (HERE / "../../include/vane/ops.def").read_text())
    for part in (known_exact, known_casts, known_transcendental, known_sums):
        part.add(writer)
    head = [
        "# Known answers for the oracle; made by make_known.py (see README.md).",
        f"# onnx/ cases: ONNX {onnx.__version__} backend node tests, Copyright (c) ONNX Project",
        "# Contributors, Apache-2.0. exact/ cases: Python fractions and integers,",
        f"# mpmath {mpmath.__version__}, numpy {np.__version__},"
        f" ml_dtypes {ml_dtypes.__version__}.",
        "# Elements are storage bits in hexadecimal; bits*count is a run; same: the inputs",
        "# of the case before.",
    ]
    (HERE / "known.txt").write_text("\n".join(head + writer.lines) + "\n")
    skipped = [f"{name}: {reason}" for name, reason in sorted(writer.skipped)]
    (HERE / "skipped.txt").write_text(
        f"# ONNX {onnx.__version__} node tests of Vane's operators that known.txt leaves out,"
        " and why.\n"
        "# The *_expanded tests repeat the same data and are not listed.\n"
        + "\n".join(skipped)
        + "\n"
    )
    print(writer.count, "skipped", len(skipped), "bytes", (HERE / "known.txt").stat().st_size)


main()
