#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_opencl.py VANE PLUGIN.so PART - the OpenCL backend from outside, in three parts.

life    no loader, no platform, nothing opened for nothing
cache   programs on disk: used, private, damaged, foreign, nowhere to put them, four processes at once
grind   under Oclgrind, whose device checks every access of every kernel, and a control that it does

Without an OpenCL platform all but life's first checks are skipped, by name.
"""
import glob
import os
import re
import shutil
import stat
import struct
import subprocess
import sys
import tempfile
import time

VANE, PLUGIN, PART = sys.argv[1:4]
GRIND = "/usr/lib/oclgrind/liboclgrind-rt-icd.so"
# Where its cache is, is part of what is tested; what sets no folder has that of the build.
os.environ["XDG_CACHE_HOME"] = os.environ.get("VANE_OPENCL_CACHE_DIR", "/nowhere")
os.environ.update(VANE_CACHE="", VANE_OPENCL_CACHE_DIR="")
count = {"passed": 0, "failed": 0, "skipped": 0}


def check(good, text):
    count["passed" if good else "failed"] += 1
    if not good:
        print("FAILED:", text)


def skip(text):
    count["skipped"] += 1
    print("skipped:", text)


def vane(*args, timeout=800, umask=-1, user=None, **env):
    return subprocess.run([VANE, *args], env={**os.environ, **env}, capture_output=True, text=True,
                          timeout=timeout, check=False, umask=umask, user=user)


def platform_here():
    return vane("explain", "add", "8", "8", VANE_BACKEND="opencl").returncode == 0


def took_part(text):
    """The counts that vane check ends with, into ours."""
    found = re.findall(r"^(\d+) passed, (\d+) failed, (\d+) skipped$", text, re.M)
    check(bool(found) and int(found[-1][0]) > 0, f"vane check checked nothing: {text[-600:]}")
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


def small_check(home, umask=-1, user=None, **env):
    """One program. PoCL's own cache, elsewhere, stays: what is not from ours is built in no time."""
    p = vane("check", PLUGIN, "--op", "add", "--dtype", "f32", "--group", "kernels", "--quick",
             umask=umask, user=user, **{"XDG_CACHE_HOME": home, "POCL_CACHE_DIR": home + "/pocl", "VANE_LOG": "info", **env})
    return p.returncode == 0 and ", 0 failed" in p.stdout, p.stdout[-400:] + p.stderr[-800:]


def entries(home):
    return sorted(glob.glob(home + "/vane/opencl/*.bin"))


def read(path):
    with open(path, "rb") as f:
        return f.read()


def write(path, data):
    with open(path, "wb") as f:
        f.write(data)


def entry_hash(data):
    def mix(h, word):
        h = (h ^ word) * 0x9fb21c651e98df25 & 0xffffffffffffffff
        return h ^ h >> 32

    h = [0xcbf29ce484222325, len(data), 1, 2]
    data += bytes(32 - len(data) % 32)  # the rest is a block, too, though there be none
    words = [int.from_bytes(data[i : i + 8], sys.byteorder) for i in range(0, len(data), 8)]
    for i, word in enumerate(words[:-4]):
        h[i % 4] = mix(h[i % 4], word)
    h[0] = mix(h[0], words[-4])
    for i in range(1, 4):
        h[0] = mix(h[0], mix(h[i], words[i - 4]))
    return h[0]


def split(data):
    """An entry's key (device, options, source text) and its binary."""
    key_bytes, binary_bytes = struct.unpack("<2Q", data[16:32])
    key, binary = data[48 : 48 + key_bytes], data[48 + key_bytes :]
    assert len(binary) == binary_bytes, "the form of an entry is not the one that this test knows"
    return key, binary


def join(key, binary):
    """An entry whose lengths and hashes are right, whatever is in it."""
    return (b"VaneOCL\n" + struct.pack("<5Q", 2, len(key), len(binary), entry_hash(key), entry_hash(binary))
            + key + binary)


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
        good, text = small_check(home, umask=0)
        files = entries(home)
        check(good and files, f"a first run fills the cache: {files} {text}")
        if not files:
            return
        private(home)
        data = read(files[0])
        used(home, files[0])
        for name, bad in damage(data):
            replaced(home, files[0], bad, f"an entry that is {name}")
        foreign(home, files[0], data)
        os.chmod(files[0], 0o666)
        good, text = small_check(home)
        check(good, f"an entry that others may write: {text}")
        check(stat.S_IMODE(os.stat(files[0]).st_mode) == 0o600, "an entry that others may write was not replaced")
        leftovers(home)
        together(home)
        refusing(home)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def private(home):
    """With umask 0, too: a binary is code that will run here."""
    for path, mode in [(home + "/vane", 0o700), (home + "/vane/opencl", 0o700), *((f, 0o600) for f in entries(home))]:
        is_now = stat.S_IMODE(os.stat(path).st_mode)
        check(is_now == mode, f"{path} has mode {is_now:o}, expected {mode:o}")


def used(home, path):
    before = os.stat(path)
    good, text = small_check(home)
    after = os.stat(path)
    check(good and (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns),
          f"a good entry was written once more: {text}")


def replaced(home, path, bad, name, words=""):
    write(path, bad)
    good, text = small_check(home)
    check(good and words in text, f"{name}: {text}")
    check(read(path) != bad, f"{name} was not replaced")


def foreign(home, path, data):
    """Entries with nothing wrong in them but that they are not this device's program."""
    key, binary = split(data)
    check(join(key, binary) == data, "the test's own entries are not as the backend writes them")
    other = key.replace(key.split(b"\n")[0], b"Another Device", 1)
    replaced(home, path, join(other, binary), "another device's entry", "another program's")
    check(split(read(path))[0] == key, "what replaced another device's entry is not this device's")
    replaced(home, path, join(key, b"no program at all" * 20), "an entry that the driver refuses", "refuses")
    write(path, data)
    used(home, path)


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
    """Nowhere to keep programs: every one is built, and nothing else is different."""
    pocl = home + "/pocl"  # PoCL itself finds no device without a folder
    good, text = small_check("/proc/none", POCL_CACHE_DIR=pocl)
    check(good, f"a cache folder that cannot be: {text}")
    fresh = home + "/fresh"
    os.mkdir(fresh)
    good, text = small_check(fresh, VANE_OPENCL_CACHE="0", POCL_CACHE_DIR=pocl)
    check(good, f"no cache wished: {text}")
    check(os.listdir(fresh) == [], f"no cache wished, and there is {os.listdir(fresh)}")
    write(fresh + "/vane", b"in the way")
    good, text = small_check(fresh, POCL_CACHE_DIR=pocl)
    check(good and read(fresh + "/vane") == b"in the way", f"a file where the folder should be: {text}")
    os.remove(fresh + "/vane")
    read_only(fresh)
    os.makedirs(fresh + "/vane/opencl")
    os.chmod(fresh + "/vane/opencl", 0o777)
    good, text = small_check(fresh, POCL_CACHE_DIR=pocl)
    check(good and "not this user's alone" in text, f"a folder that others may write: {text}")
    check(os.listdir(fresh + "/vane/opencl") == [], "something was written into a folder that others may write")


def somebody():
    """Who cannot write everywhere: this user, or, of root, nobody, where what was built is to be read by all."""
    if os.geteuid() != 0:
        return os.geteuid()
    nobody = 65534
    try:
        return nobody if PLUGIN in vane("info", user=nobody, VANE_PLUGIN_PATH=PLUGIN, VANE_BACKEND="opencl").stdout else None
    except OSError:
        return None


def read_only(home):
    user = somebody()
    if user is None:
        skip("opencl cache: a read-only home: root may write everywhere, and nobody may not read what was built")
        return
    pocl = home + "-pocl"
    os.mkdir(pocl)
    for path, mode in [(os.path.dirname(home), 0o755), (home, 0o555), (pocl, 0o777)]:
        os.chmod(path, mode)
    good, text = small_check(home, user=user, POCL_CACHE_DIR=pocl)
    check(good and os.listdir(home) == [], f"a read-only home: {text}")
    told = re.findall(r"^vane: .*opencl: .*" + re.escape(home) + ".*$", text, re.M)
    check(len(told) <= 1, f"a read-only home is told of {len(told)} times: {text}")
    os.chmod(home, 0o700)


# ---- grind -----------------------------------------------------------------------------


def grind_env(folder, log):
    return {"OCL_ICD_VENDORS": folder, "OCLGRIND_LOG": log, "OCLGRIND_CHECK_API": "1", "OCLGRIND_DATA_RACES": "1",
            "XDG_CACHE_HOME": folder,
            "OCLGRIND_BUILD_OPTIONS": "-cl-opt-disable"}  # or it meets what its LLVM cannot run


def log_of(path):
    """None: Oclgrind, which makes the file when it is loaded, was not there."""
    return read(path).decode(errors="replace") if os.path.exists(path) else None


def control(folder):
    """A wrong kernel, watched in the same way, must be told of; or silence proves nothing."""
    log = folder + "/wild.log"
    p = subprocess.run([sys.executable, os.path.join(os.path.dirname(os.path.abspath(__file__)), "wild.py")],
                       env={**os.environ, **grind_env(folder, log)}, capture_output=True, text=True,
                       timeout=120, check=False)
    check(p.returncode == 0 and "Oclgrind" in p.stdout, f"the control: {p.returncode} {p.stdout}{p.stderr[-400:]}")
    said = log_of(log)
    check(said is not None and "Invalid write of size 4" in said, f"Oclgrind let a wild write pass: {said}")
    p = vane("info", **grind_env(folder, folder + "/info.log"), VANE_BACKEND="opencl")
    devices = re.findall(r"^.*\bocl\d.*$", p.stdout, re.M)
    check(devices != [] and all("Oclgrind" in d for d in devices), f"Oclgrind is not the only device: {p.stdout[-800:]}")


def test_grind():
    """Oclgrind says what a kernel did wrong on stderr, or in the file it is given."""
    if not os.path.exists(GRIND):
        skip("opencl grind: no Oclgrind here")
        return
    with tempfile.TemporaryDirectory() as folder:
        write(folder + "/grind.icd", GRIND.encode() + b"\n")
        control(folder)
        for op, dtype in [("add", "f32"), ("mul", "i8"), ("gelu", "f16"), ("where", "f64"), ("cast", "bf16"),
                          ("transpose", "i32"), ("concat", "u8"), ("reduce_sum", "f32"), ("reduce_max", "i64"),
                          ("argmax", "f32"), ("dot", "f32"), ("softmax", "f32"), ("matmul", "f32"),
                          ("gemm", "f16"), ("fill", "f32"), ("clip", "i32")]:
            log = f"{folder}/{op}.log"
            p = vane("check", PLUGIN, "--op", op, "--dtype", dtype, "--quick", "--group", "memory",
                     **grind_env(folder, log))
            said = log_of(log)
            check(p.returncode == 0, f"{op} {dtype}: {p.returncode} {p.stdout[-700:]}{p.stderr[-300:]}")
            check(said is not None, f"{op} {dtype}: Oclgrind did not run it")
            check(not said, f"{op} {dtype}: Oclgrind says: {(said or '')[:1500]}")
            if p.returncode == 0:
                took_part(p.stdout)


{"life": test_life, "cache": test_cache, "grind": test_grind}[PART]()
print("{passed} passed, {failed} failed, {skipped} skipped".format(**count))
sys.exit(count["failed"] > 0)
