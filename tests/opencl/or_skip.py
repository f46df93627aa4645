#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""or_skip.py VANE ARGS... - runs vane with ARGS on the OpenCL backend; where no platform is, says so and skips."""
import os
import subprocess
import sys

probe = subprocess.run([sys.argv[1], "explain", "add", "8", "8"], env={**os.environ, "VANE_BACKEND": "opencl"},
                       capture_output=True, text=True, check=False)
if probe.returncode != 0:
    print("skipped: opencl:", probe.stderr.strip())
    print("0 passed, 0 failed, 1 skipped")
    sys.exit(77)
os.execv(sys.argv[1], sys.argv[1:])
