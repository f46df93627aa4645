#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_opencl.py VANE PLUGIN.so PART - the OpenCL backend from outside, in three parts.

life    no loader, no platform, nothing opened for nothing
cache   programs on disk: damaged, foreign, read-only, two processes at once
grind   under Oclgrind, whose device checks every access of every kernel

Without an OpenCL platform all but life's first checks are skipped, by name.
"""
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

VANE, PLUGIN, PART = sys.argv[1:4]
GRIND = "/usr/lib/oclgrind/liboclgrind-rt-icd.so"
count = {"passed": 0, "failed": 0, "skipped": 0}


def check(good, text):
    count["passed" if good else "failed"] += 1
    if not good:
        print("FAILED:", text)


def skip(text):
    count["skipped"] += 1
    print("skipped:", text)


def vane(*args, timeout=800, **env):
    return subprocess.run([VANE, *args], env={**os.environ, **env}, capture_output=True, text=True,
                          timeout=timeout, check=False)


def platform_here():
    return vane("explain", "add", "8", "8", VANE_BACKEND="opencl").returncode == 0


def took_part(text):
    """The counts that vane check ends with, into ours."""
    found = re.findall(r"^(\d+) passed, (\d+) failed, (\d+) skipped$", text, re.M)
    check(bool(found), f"vane check ended without counts: {text[-600:]}")
    if found:
        for key, n in zip(count, found[-1]):
            count[key] += int(n)


# ---- life ------------------------------------------------------------------------------


def test_life():
    with tempfile.TemporaryDirectory() as empty:
        p = vane("info", OCL_ICD_VENDORS=empty)
        check(p.returncode == 0 and re.search(r"refused.*opencl.*platform", p.stdout) is not None,
              f"without a platform vane info says so: {p.stdout}")
        p = vane("explain", "add", "8", "8", OCL_ICD_VENDORS=empty, VANE_BACKEND="opencl")
        check(p.returncode == 1 and "platform" in p.stderr, f"forced without a platform: {p.stderr}")
        p = vane("explain", "add", "8", "8", OCL_ICD_VENDORS=empty)
        check(p.returncode == 0 and "opencl" not in p.stdout, f"the others work on: {p.stdout}")
    p = vane("explain", "add", "1000", "1000", LD_DEBUG="files")
    check("libvane" in p.stderr, "LD_DEBUG shows nothing: the next check proves nothing")
    check("libOpenCL" not in p.stderr and "vane-opencl" not in p.stderr,
          "a program that needs only CPU backends mapped OpenCL")
    if not platform_here():
        skip("opencl: no OpenCL platform here")
        return
    p = vane("explain", "add", "1000", "1000", LD_DEBUG="files", VANE_PREFER="opencl")
    check("libOpenCL" in p.stderr, "VANE_PREFER=opencl did not open it")
    p = vane("info", "--json")
    check('"opencl"' in p.stdout, f"vane info lists its devices: {p.stdout[-400:]}")


# ---- cache -----------------------------------------------------------------------------


def small_check(home, **env):
    p = vane("check", PLUGIN, "--op", "add", "--dtype", "f32", "--group", "kernels", "--quick",
             XDG_CACHE_HOME=home, **env)
    return p.returncode == 0 and ", 0 failed" in p.stdout, p.stdout[-400:] + p.stderr[-400:]


def entries(home):
    return sorted(glob.glob(home + "/vane/opencl/*.bin"))


def damage(data):
    yield "empty", b""
    yield "truncated", data[: len(data) // 2]
    yield "one byte", data[:-1]
    yield "flipped", data[: len(data) - 9] + bytes([data[-9] ^ 0x40]) + data[len(data) - 8 :]
    yield "foreign", b"\x7fELF" + data[4:]
    yield "other version", data[:4] + b"\xff\xff\xff\xff" + data[8:]
    yield "hostile lengths", data[:8] + b"\xff" * 32 + data[40:]
    yield "longer", data + b"x" * 100


def test_cache():
    if not platform_here():
        skip("opencl cache: no OpenCL platform here")
        return
    home = tempfile.mkdtemp()
    try:
        good, text = small_check(home)
        files = entries(home)
        check(good and files, f"a first run fills the cache: {files} {text}")
        if not files:
            return
        with open(files[0], "rb") as f:
            data = f.read()
        for name, bad in damage(data):
            with open(files[0], "wb") as f:
                f.write(bad)
            good, text = small_check(home)
            check(good, f"an entry that is {name}: {text}")
            with open(files[0], "rb") as f:
                check(f.read() != bad, f"an entry that is {name} was not replaced")
        os.chmod(files[0], 0o666)
        good, text = small_check(home)
        check(good, f"an entry that others may write: {text}")
        leftovers(home)
        together(home)
        refusing(home)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def together(home):
    shutil.rmtree(home + "/vane", ignore_errors=True)
    args = [VANE, "check", PLUGIN, "--op", "mul", "--dtype", "f32", "--group", "kernels", "--quick"]
    env = {**os.environ, "XDG_CACHE_HOME": home}
    runs = [subprocess.Popen(args, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            for _ in range(4)]
    for p in runs:
        out = p.communicate(timeout=300)[0]
        check(p.returncode == 0, f"four processes, one empty cache: {out[-400:]}")
    check(not glob.glob(home + "/vane/opencl/*.new"), "temporary files were left behind")


def leftovers(home):
    """Of processes that were killed: old ones go when an entry is written, young ones may be in use."""
    folder = home + "/vane/opencl/"
    for name, age in [("old.new", 7200), ("young.new", 60)]:
        with open(folder + name, "wb"):
            pass
        os.utime(folder + name, (time.time() - age,) * 2)
    os.remove(entries(home)[0])
    good, text = small_check(home)
    check(good, f"with leftovers: {text}")
    check([os.path.basename(f) for f in glob.glob(folder + "*.new")] == ["young.new"],
          "of the leftovers only the old one should have gone")
    os.remove(folder + "young.new")


def refusing(home):
    good, text = small_check("/proc/none", POCL_CACHE_DIR=home) # PoCL itself finds no device without one
    check(good, f"a cache folder that cannot be: {text}")
    good, text = small_check(home, VANE_OPENCL_CACHE="0")
    check(good, f"no cache wished: {text}")


# ---- grind -----------------------------------------------------------------------------


def test_grind():
    """Oclgrind says what a kernel did wrong on stderr, or in the file it is given."""
    if not os.path.exists(GRIND):
        skip("opencl grind: no Oclgrind here")
        return
    with tempfile.TemporaryDirectory() as folder:
        with open(folder + "/grind.icd", "w", encoding="ascii") as f:
            f.write(GRIND + "\n")
        for op, dtype in [("add", "f32"), ("mul", "i8"), ("gelu", "f16"), ("where", "f64"), ("cast", "bf16"),
                          ("transpose", "i32"), ("concat", "u8"), ("reduce_sum", "f32"), ("reduce_max", "i64"),
                          ("argmax", "f32"), ("dot", "f32"), ("softmax", "f32"), ("matmul", "f32"),
                          ("gemm", "f16"), ("fill", "f32"), ("clip", "i32")]:
            log = f"{folder}/{op}.log"
            p = vane("check", PLUGIN, "--op", op, "--dtype", dtype, "--quick", "--group", "memory",
                     OCL_ICD_VENDORS=folder, OCLGRIND_LOG=log, OCLGRIND_CHECK_API="1",
                     OCLGRIND_DATA_RACES="1", XDG_CACHE_HOME=folder,
                     OCLGRIND_BUILD_OPTIONS="-cl-opt-disable")  # or it meets what its LLVM cannot run
            said = open(log, encoding="utf-8", errors="replace").read() if os.path.exists(log) else ""
            check(p.returncode == 0, f"{op} {dtype}: {p.returncode} {p.stdout[-700:]}{p.stderr[-300:]}")
            check(said == "", f"{op} {dtype}: Oclgrind says: {said[:1500]}")
            if p.returncode == 0:
                took_part(p.stdout)


{"life": test_life, "cache": test_cache, "grind": test_grind}[PART]()
print("{passed} passed, {failed} failed, {skipped} skipped".format(**count))
sys.exit(count["failed"] > 0)
