#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_probes.py LIBVANE yes|no - the probes stand in the notes of the file, where tracers look."""
import os
import re
import shutil
import sys

from watch import check, main, run, skip

LIBVANE, BUILT = os.path.abspath(sys.argv[1]), sys.argv[2] == "yes"
ARGUMENTS = {"call__begin": 4, "call__end": 6, "route__change": 4}


def notes_name_them():
    if not BUILT:
        skip("probes", "built without sys/sdt.h")
    elif shutil.which("readelf") is None:
        skip("probes", "no readelf")
    else:
        out, _ = run("readelf", "-nW", LIBVANE, LC_ALL="C")
        found = re.findall(r"Provider: (\S+)\s+Name: (\S+)\s+Location: (\w+), Base: \w+, Semaphore: (\w+)\s+Arguments: (.*)",
                           out)
        check(sorted({n for _, n, *_ in found}) == sorted(ARGUMENTS), f"names: {found}")
        for provider, name, location, semaphore, arguments in found:
            check(provider == "vane" and int(location, 16) > 0, f"{name}: {provider} at {location}")
            check(int(semaphore, 16) > 0, f"{name} has a semaphore, which switches it on: {semaphore}")
            check(len(re.findall(r"-?\d@", arguments)) == ARGUMENTS.get(name), f"{name}: {arguments}")
        symbols, _ = run("readelf", "--dyn-syms", "-W", LIBVANE)
        check("semaphore" not in symbols, "no semaphore is part of the API")
    check(os.path.getsize(LIBVANE) > 0, "there is a library")


main(notes_name_them)
