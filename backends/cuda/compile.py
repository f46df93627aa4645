#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""compile.py FATBIN LOG COMMAND... - runs nvcc; LOG gets what ptxas says of registers and spills,
which would else be in every build's output. What else it says, and its status, are as they are."""
import subprocess
import sys

fatbin, log, command = sys.argv[1], sys.argv[2], sys.argv[3:]
done = subprocess.run(command + ['-o', fatbin], stderr=subprocess.PIPE, text=True)
usage, other = [], []
for line in done.stderr.splitlines():
    (usage if line.startswith('ptxas info') or 'bytes stack frame' in line else other).append(line)
with open(log, 'w') as f:
    f.write('\n'.join(usage) + '\n')
if other:
    print('\n'.join(other), file=sys.stderr)
raise SystemExit(done.returncode)
