#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_cli.py VANE OPS.DEF WRONG.so - runs the built vane command and checks what it says and writes.

Every function named test_* is one test, in a folder of its own. NumPy, where it is
installed, reads what vane wrote and writes what vane reads; without it that test is skipped.
"""
import glob
import json
import math
import os
import re
import subprocess
import sys

from harness import OPS_DEF, VANE, WRONG, Skip, as_json, backends, near, refused, run_all, vane
from npyfile import load, save

# ---- the command line ----------------------------------------------------------------


def test_help():
    assert "commands:" in vane("-h")[0]
    assert vane("--version")[0].startswith("vane 0.")
    for command in ["info", "ops", "run", "explain", "bench", "calibrate"]:
        for flag in ["-h", "--help"]:
            out = vane(command, flag)[0]
            assert out.startswith(f"usage: vane {command}") and "--json" in out, out
    for command in ["dispatch", "start", "policy", "device"]:
        assert f"vane bench {command}" in vane("bench", command, "-h")[0]


def test_wrong_command_lines():
    vane(code=2)
    refused(2, ["'dance'", "info, ops, run, explain, bench, top, replay, calibrate, check"], "dance")
    refused(2, ["'--frob'", "--json", "--help"], "info", "--frob")
    refused(2, ["'--frob'", "--backend", "--attr"], "run", "--frob")
    refused(2, "takes no value", "info", "--json=yes")
    refused(2, "'extra'", "info", "extra")
    refused(2, "'extra'", "ops", "extra")
    refused(2, "needs an OP", "run")
    refused(2, "needs an OP", "explain")
    refused(2, "-o FILE", "run", "add", "a.npy", "b.npy")
    refused(2, "needs a value", "run", "add", "a.npy", "b.npy", "-o")


def test_unknown_names_list_the_valid_ones():
    for args in [("run", "ad", "-o", "x"), ("explain", "ad", "3"), ("bench", "ad")]:
        refused(2, ["'ad'", "add", "matmul", "softmax"], *args)
    refused(2, ["'f33'", "f32", "bf16", "bool"], "explain", "add", "3", "3", "--dtype", "f33")
    refused(2, ["'f33'", "f32", "bf16"], "explain", "add", "3:f33", "3")
    names = backends()
    save("a.npy", "<f4", (2,), [1, 2])
    refused(2, ["'avx9'", *names], "run", "abs", "a.npy", "-o", "o.npy", "--backend", "avx9")
    refused(2, ["'avx9'", *names], "bench", "abs", "--backends", "avx9")
    refused(1, ["avx9", *names], "run", "abs", "a.npy", "-o", "o.npy", env={"VANE_BACKEND": "avx9"})
    assert not os.path.exists("o.npy")


def test_attributes_are_checked():
    refused(2, ["axes=INT,... keepdims=0|1"], "explain", "reduce_sum", "3", "-a", "axis=0")
    refused(2, ["alpha=NUMBER", "transB=0|1"], "explain", "gemm", "3x3", "3x3", "-a", "transb=1")
    refused(2, "no attributes", "explain", "add", "3", "3", "-a", "axis=0")
    for bad in ["axes", "axes=", "axes=1,", "axes=x", "axes=99999999999", "axes=0,1,2,3,4,5,6,7,8"]:
        refused(2, "axes=INT,...", "explain", "reduce_sum", "3", "-a", bad)
    refused(2, "keepdims=0|1", "explain", "reduce_sum", "3", "-a", "keepdims=2")
    refused(2, "none|tanh", "explain", "gelu", "3", "-a", "approximate=erf")
    refused(2, "min=NUMBER", "explain", "clip", "3", "-a", "min=low")


def test_check_names_its_groups_and_ways():
    refused(2, ["gpu", "host, buffer, stream"], "check", WRONG, "--via", "gpu")
    refused(2, ["threads", "stream", "refusal"], "check", WRONG, "--group", "streams")
    refused(2, "the group stream", "check", WRONG, "--group", "stream", "--via", "host")
    out = vane("check", WRONG, "--list", "--dtype", "f32")[0]
    assert "stream f32\n" in out and "kernels add f32\n" in out, out
    assert "--via" in vane("check", "-h")[0]


def test_full_disk_is_an_error():
    if not os.path.exists("/dev/full"):
        raise Skip("no /dev/full here")
    with open("/dev/full", "w") as full:
        p = subprocess.run([VANE, "ops"], stdout=full, stderr=subprocess.PIPE, timeout=60)
    assert p.returncode == 1 and b"standard output" in p.stderr, p


# ---- info and ops --------------------------------------------------------------------


def test_info():
    out = vane("info")[0]
    for head in ["machine", "devices", "searched, in this order", "settings in force"]:
        assert re.search(f"^{head}$", out, re.M), head
    info = as_json("info")
    assert re.search(r"^  load  +\d+ CPUs", out, re.M) and info["load"]["cpus"] >= 1
    assert info["abi_major"] == 1 and info["machine"]["threads"] >= 1
    assert info["machine"]["mem_total_bytes"] > 1 << 20
    assert "scalar" in backends()
    loaded = [s for s in info["searched"] if s["verdict"] == "loaded"]
    assert {s["backend"] for s in loaded} >= set(backends())
    for name in backends():
        assert re.search(rf"^  {name} ", out, re.M), name
    assert info["settings"]["VANE_PLUGIN_PATH"] == os.environ.get("VANE_PLUGIN_PATH")


def test_info_names_what_it_refused():
    os.mkdir("plugins")
    with open("plugins/not-elf.so", "w") as f:
        f.write("not a plugin\n")
    os.symlink("/nowhere/at/all.so", "plugins/dangling.so")
    env = {"VANE_PLUGIN_PATH": os.path.abspath("plugins") + ":" + os.environ["VANE_PLUGIN_PATH"]}
    info = json.loads(vane("info", "--json", env=env)[0])
    by_name = {os.path.basename(s["path"]): s for s in info["searched"]}
    bad = by_name["not-elf.so"]
    assert bad["verdict"] == "refused" and bad["reason"] and bad["status"].startswith("VANE_E_"), bad
    assert "scalar" in {d["backend"] for d in info["devices"]}
    assert "refused" in vane("info", env=env)[0]


def test_no_backend_is_a_clear_error():
    os.mkdir("home")
    env = {"VANE_PLUGIN_PATH": os.path.abspath("home"), "HOME": os.path.abspath("home"),
           "XDG_DATA_HOME": os.path.abspath("home")}
    info = json.loads(vane("info", "--json", env=env)[0])
    if info["devices"]:
        raise Skip("plugins are installed on this machine")
    assert info["searched"], "nothing was searched"
    assert "none" in vane("info", env=env)[0]
    vane("ops", env=env)
    refused(1, ["VANE_E_NO_BACKEND", "vane info"], "explain", "add", "3", "3", env=env)


def test_ops_is_the_table():
    with open(OPS_DEF, encoding="utf-8") as f:
        rows = re.findall(r"^VANE_OP\(\w+,\s*(\w+),\s*(\w+),", f.read(), re.M)
    ops = as_json("ops")
    assert [(o["name"], o["signature"]) for o in ops[:len(rows)]] == rows
    assert len(rows) >= 38
    out = vane("ops")[0]
    for name, _ in rows:
        assert re.search(rf"^{name} ", out, re.M), name
    matmul = next(o for o in ops if o["name"] == "matmul")
    assert matmul["dtypes"] == ["f32", "f64", "f16", "bf16", "i32", "i64"]
    assert matmul["onnx"] == "MatMul-13" and matmul["ulp"] == 8


# ---- run -----------------------------------------------------------------------------


def test_run_on_every_backend():
    a, b = [1.5, -2, 3.25, 8, 0.5, -1], [0.5, 2, -0.25, 1, 4, -1]
    save("a.npy", "<f4", (2, 3), a)
    save("b.npy", "<f4", (2, 3), b)
    for name in backends():
        out = as_json("run", "add", "a.npy", "b.npy", "-o", f"{name}.npy", "--backend", name)
        assert out["backend"] == name and out["shape"] == [2, 3] and out["dtype"] == "f32", out
        assert load(f"{name}.npy") == ("<f4", (2, 3), [x + y for x, y in zip(a, b)])
    text = vane("run", "add", "a.npy", "b.npy", "-o", "c.npy", "--explain")[0]
    assert text.startswith("c.npy: f32 2x3, add on ") and "chosen" in text, text
    explained = as_json("run", "add", "a.npy", "b.npy", "-o", "c.npy", "--explain")["decision"]
    assert explained["candidates"][explained["ran"]]["reason"] == "chosen", explained


def test_run_reads_every_kind_of_file():
    rows = [1, 2, 3, 4, 5, 6]
    columns = [1, 4, 2, 5, 3, 6]
    for version in [1, 2, 3]:
        for order in "<>":
            for kind in ["f4", "f8", "i4", "i8"]:
                for fortran in [False, True]:
                    save("a.npy", order + kind, (2, 3), columns if fortran else rows, fortran, version)
                    vane("run", "neg", "a.npy", "-o", "o.npy")
                    assert load("o.npy") == ("<" + kind, (2, 3), [-x for x in rows])
    save("scalar.npy", "<f8", (), [4])
    vane("run", "sqrt", "scalar.npy", "-o", "o.npy")
    assert load("o.npy") == ("<f8", (), [2])
    save("empty.npy", "<f4", (0, 3), [])
    vane("run", "abs", "empty.npy", "-o", "o.npy")
    assert load("o.npy") == ("<f4", (0, 3), [])


def test_run_attributes():
    save("a.npy", "<f4", (2, 3), [1, 2, 3, 4, 5, 6])
    save("b.npy", "<f4", (2, 3), [1, 0, 2, 0, 1, 0])

    def run(op, *args):
        vane("run", op, *args, "-o", "o.npy")
        return load("o.npy")[1:]

    assert run("reduce_sum", "a.npy") == ((1, 1), [21])
    assert run("reduce_sum", "a.npy", "-a", "axes=1") == ((2, 1), [6, 15])
    assert run("reduce_sum", "a.npy", "-a", "axes=0,-1", "--attr=keepdims=0") == ((), [21])
    assert run("argmax", "a.npy", "-a", "axis=1", "-a", "keepdims=0") == ((2,), [2, 2])
    assert run("gemm", "a.npy", "b.npy", "-a", "transB=1") == ((2, 2), [7, 2, 16, 5])
    assert run("gemm", "a.npy", "b.npy", "-a", "transA=1", "-a", "alpha=2")[0] == (3, 3)
    assert run("clip", "a.npy", "-a", "min=2", "-a", "max=4.5") == ((2, 3), [2, 2, 3, 4, 4.5, 4.5])
    assert run("clip", "a.npy", "-a", "max=2") == ((2, 3), [1, 2, 2, 2, 2, 2])
    assert run("transpose", "a.npy", "-a", "perm=1,0") == ((3, 2), [1, 4, 2, 5, 3, 6])
    assert run("concat", "a.npy", "b.npy", "-a", "axis=1")[0] == (2, 6)
    assert run("axpy", "a.npy", "b.npy", "-a", "alpha=10") == ((2, 3), [11, 20, 32, 40, 51, 60])
    assert run("cast", "a.npy", "--dtype", "i64") == ((2, 3), [1, 2, 3, 4, 5, 6])
    assert run("fill", "--shape", "2x2", "-a", "value=7", "--dtype", "u8") == ((2, 2), [7] * 4)
    assert run("fill", "--shape", "2,1", "-a", "value=-0.5") == ((2, 1), [-0.5] * 2)
    shape, values = run("softmax", "a.npy", "-a", "axis=0")
    e = math.exp(-3)
    near(values, [e / (1 + e)] * 3 + [1 / (1 + e)] * 3)
    save("which.npy", "|b1", (3,), [True, False, True])
    assert run("where", "which.npy", "a.npy", "b.npy") == ((2, 3), [1, 0, 3, 4, 1, 6])


def test_run_wishes_that_make_no_sense():
    save("a.npy", "<f4", (2,), [1, 2])
    refused(2, "cast needs --dtype", "run", "cast", "a.npy", "-o", "o.npy")
    refused(2, "fill needs --shape", "run", "fill", "-o", "o.npy")
    refused(2, "--dtype is for cast and fill", "run", "abs", "a.npy", "-o", "o.npy", "-t", "f64")
    refused(2, "--shape is for fill", "run", "abs", "a.npy", "-o", "o.npy", "--shape", "2")
    refused(2, "add takes 2 input files, got 1", "run", "add", "a.npy", "-o", "o.npy")
    refused(2, "got 4", "run", "gemm", "a.npy", "a.npy", "a.npy", "a.npy", "-o", "o.npy")
    refused(2, "'0' is not a number", "run", "abs", "a.npy", "-o", "o.npy", "--width", "0")
    assert os.listdir() == ["a.npy"]


def test_run_failures_write_nothing():
    save("a.npy", "<f4", (2, 3), [0] * 6)
    save("b.npy", "<f4", (4, 2), [0] * 8)
    save("i.npy", "<i4", (2, 3), [0] * 6)
    save("cut.npy", "<f4", (2, 3), [0] * 6, cut=1)
    with open("text.npy", "w") as f:
        f.write("not an array at all")
    with open("o.npy", "w") as f:
        f.write("old")
    before = sorted(os.listdir())
    for words, args in [(["matmul", "3", "4"], ["matmul", "a.npy", "b.npy"]),
                        (["add", "i32", "f32"], ["add", "a.npy", "i.npy"]),
                        (["exp", "i32"], ["exp", "i.npy"]),
                        (["reduce_sum", "7"], ["reduce_sum", "a.npy", "-a", "axes=7"]),
                        (["cut.npy: the data ends after 23 of 24 bytes"], ["abs", "cut.npy"]),
                        (["text.npy", "NUMPY"], ["abs", "text.npy"]),
                        (["none.npy", "No such file"], ["abs", "none.npy"]),
                        (["folder"], ["abs", "."])]:
        refused(1, words, "run", *args, "-o", "o.npy")
        assert sorted(os.listdir()) == before, os.listdir()
        with open("o.npy") as f:
            assert f.read() == "old"
    refused(1, "nowhere/o.npy", "run", "abs", "a.npy", "-o", "nowhere/o.npy")


def test_run_may_replace_its_input():
    save("a.npy", "<f4", (3,), [-1, 2, -3])
    vane("run", "abs", "a.npy", "-o", "a.npy")
    assert load("a.npy") == ("<f4", (3,), [1, 2, 3])
    vane("run", "abs", "a.npy", "-o", "/dev/null")
    assert not os.path.isfile("/dev/null")


def test_numpy_agrees():
    try:
        import numpy as np
    except ImportError:
        raise Skip("NumPy is not installed for this Python")
    from numpy.lib import format as npy_format
    rng = np.random.default_rng(1)
    for dtype in ["f4", "f8", "f2", "i4", "i8", "i1", ">f4", ">f8", ">f2", ">i8"]:
        for order in "CF":
            for version in [(1, 0), (2, 0), (3, 0)]:
                a = np.asarray(rng.integers(-50, 50, (3, 4, 5)).astype(dtype), order=order)
                with open("a.npy", "wb") as f:
                    npy_format.write_array(f, a, version)
                vane("run", "neg", "a.npy", "-o", "o.npy")
                got = np.load("o.npy")
                assert got.dtype == a.dtype.newbyteorder("=") and np.array_equal(got, -a)
    for dtype in ["u1", "?"]:
        a = rng.integers(0, 2, 9).astype(dtype)
        np.save("a.npy", a)
        vane("run", "copy", "a.npy", "-o", "o.npy")
        assert np.load("o.npy").dtype == a.dtype and np.array_equal(np.load("o.npy"), a)


def test_bf16_survives():
    save("a.npy", "<f4", (4,), [1, -2.5, 0.15625, 3e38])
    vane("run", "cast", "a.npy", "-o", "b.npy", "--dtype", "bf16")
    with open("b.npy", "rb") as f:
        assert b"'<V2'" in f.read()
    vane("run", "cast", "b.npy", "-o", "c.npy", "--dtype", "f32")
    near(load("c.npy")[2], [1, -2.5, 0.15625, 3e38], 1e-2)


# ---- explain -------------------------------------------------------------------------


def test_explain():
    out = vane("explain", "matmul", "512x512", "512x512")[0]
    assert out.startswith("matmul f32 512x512, f32 512x512 -> f32 512x512\n"), out
    assert len(re.findall("^  -> ", out, re.M)) == 1, out
    e = as_json("explain", "matmul", "512x64", "64x32", "--dtype", "f64")
    assert e["output"] == {"dtype": "f64", "shape": [512, 32]}
    d = e["decision"]
    assert d["flops"] == 2 * 512 * 64 * 32
    assert d["candidates"][d["chosen"]]["reason"] == "chosen" and d["ran"] is None
    assert {c["backend"] for c in d["candidates"]} <= set(backends())
    losers = [c for i, c in enumerate(d["candidates"]) if i != d["chosen"]]
    assert all(c["reason"] != "chosen" for c in losers)
    assert as_json("explain", "where", "4", "4", "1")["inputs"][0]["dtype"] == "bool"
    assert as_json("explain", "fill", "2,3")["output"]["shape"] == [2, 3]
    assert as_json("explain", "cast", "9", "--to", "i8")["output"]["dtype"] == "i8"
    assert as_json("explain", "relu", "scalar")["output"]["shape"] == []
    assert as_json("explain", "concat", "2x3", "4x3", "1x3")["output"]["shape"] == [7, 3]


def test_explain_refuses():
    for bad in ["3x", "x3", "3xx3", "3.5", "1x1x1x1x1x1x1x1x1", "99999999999999999999", ""]:
        refused(2, "is not a shape", "explain", "abs", bad)
    refused(2, "63 bits", "explain", "abs", "4611686018427387904x4")
    refused(2, "takes 2 SHAPEs, got 1", "explain", "add", "3")
    refused(2, "--to is for cast", "explain", "abs", "3", "--to", "f64")
    refused(1, "VANE_E_SHAPE", "explain", "add", "3", "4")
    refused(1, "VANE_E_DTYPE", "explain", "exp", "3", "--dtype", "i32")


# ---- bench ---------------------------------------------------------------------------


def test_bench():
    rows = as_json("bench", "add", "matmul", "reduce_sum", "--sizes", "900", "--min-time", "1")
    assert {r["op"] for r in rows} == {"add", "matmul", "reduce_sum"}
    for r in rows:
        assert r["result"] == "ok", r
        assert r["median_ns"] > 0 and r["gb_per_s"] > 0 and r["samples"] >= 3, r
        if r["backend"] == r["oracle"]:
            assert r["speed_up"] == 1, r
    assert {r["shape"] for r in rows if r["op"] == "matmul"} == {"30x30"}
    assert {r["backend"] for r in rows} <= set(backends())
    out = vane("bench", "relu", "--sizes", "64", "--min-time", "1", "--backends", "scalar")[0]
    assert len(re.findall(r"^relu .* ok$", out, re.M)) == 1, out
    rows = as_json("bench", "matmul", "--sizes", "4x8:8x2", "--min-time", "1", "--threads", "1")
    assert {r["shape"] for r in rows} == {"4x8:8x2"} and {r["threads"] for r in rows} == {1}


def test_bench_of_every_op_and_type_is_right():
    for dtype in ["f32", "f64", "f16", "bf16", "i32", "i64", "u8", "i8", "bool"]:
        rows = as_json("bench", "all", "--sizes", "77", "--min-time", "0.01", "--dtype", dtype)
        assert len(rows) >= 5
        for r in rows:
            assert r["result"] == "ok", r


def test_bench_tells_wrong_from_right():
    path = os.path.dirname(WRONG) + ":" + os.environ["VANE_PLUGIN_PATH"]
    args = ["bench", "add", "mul", "--sizes", "100,1000", "--min-time", "1"]
    out, err = vane(*args, "--json", code=1, env={"VANE_PLUGIN_PATH": path})
    assert err.endswith("vane: 2 results wrong, 2 failed\n"), err
    for r in json.loads(out):
        bad = {"add": "WRONG", "mul": "FAILED"}[r["op"]]
        assert r["result"] == (bad if r["backend"] == "wrong" else "ok"), r
        if r["result"] == "WRONG":
            assert f"element {int(r['shape']) - 1} is" in r["why"] and r["median_ns"] is None, r
        if r["result"] == "FAILED":
            assert "cannot multiply today" in r["why"], r
    assert "WRONG" in vane(*args, code=1, env={"VANE_PLUGIN_PATH": path})[0]


def test_bench_refuses():
    refused(2, "--sizes", "bench", "add", "--sizes", "0")
    refused(2, "is not a shape", "bench", "add", "--sizes", "3y3", "--json")
    refused(2, "exp does not take i32; its types are f32 f64 f16 bf16", "bench", "exp", "-t", "i32")
    refused(2, "milliseconds", "bench", "add", "--min-time", "soon")
    refused(2, "--threads", "bench", "add", "--threads", "1,none")


def test_bench_dispatch():
    rows = as_json("bench", "dispatch", "--rounds", "3", "--plugins", "0,3", "--threads", "1,2")
    assert [(r["more_plugins"], r["threads"]) for r in rows] == [(0, 1), (0, 2), (3, 1), (3, 2)]
    for r in rows:
        for way in ["direct", "vane_add", "plan_run"]:
            assert r[way]["median_ns"] >= r[way]["best_ns"] > 0, r
    refused(2, "--plugins", "bench", "dispatch", "--plugins", "many")
    refused(2, "--threads", "bench", "dispatch", "--threads", "0")


def test_bench_start():
    r = as_json("bench", "start", "--runs", "3")
    assert r["runs"] == 3
    for way in ["first_result", "nothing"]:
        assert r[way + "_median_ns"] >= r[way + "_best_ns"] > 0, r
    refused(1, "/nowhere/program", "bench", "start", "--program", "/nowhere/program")
    refused(1, "ended with code 1", "bench", "start", "--program", "/bin/false")


SLOW = {"VANE_SIM_DEVICES": "slow: launch=2ms latency=3ms"}


def device_rows(*args, code=0, env=None):
    out, err = vane("bench", "device", *args, "--json", code=code, env=env or SLOW)
    return [json.loads(line) for line in out.splitlines()], err


def test_bench_device():
    rows, _ = device_rows("launch", "link", "add", "matmul", "reduce_sum", "softmax", "fill", "--sizes", "100000",
                          "--min-time", "1", "--backend", "sim")
    assert [(r["kind"], r["what"], r["name"]) for r in rows] == [
        ("launch", "relu", "given"), ("launch", "relu", "one wait"), ("launch", "relu", "each waited for"),
        ("link", "up", "plain"), ("link", "down", "plain"), ("link", "up", "pinned"), ("link", "down", "pinned"),
        ("op", "add", "add_f32"), ("op", "matmul", "matmul_f32"), ("op", "reduce_sum", "reduce_sum_f32"),
        ("op", "softmax", "softmax_f32"), ("op", "fill", "fill_f32")], rows
    for r in rows:
        assert r["result"] == "ok" and r["samples"] >= 3 and r["backend"] == "sim" and r["id"] == "slow", r
        assert r["device"] and r["driver"] and r["median_ns"] >= r["best_ns"], r
        if r["name"] == "given":
            continue  # nobody waits for the device
        least = 3e6 if r["kind"] == "link" else 2e6  # it is the device that was timed
        assert r["best_ns"] >= least, r
        if r["kind"] != "launch":
            assert math.isclose(r["gb_per_s"], r["bytes"] / r["median_ns"], rel_tol=1e-9), r
    by = {r["what"]: r for r in rows}
    assert by["add"]["bytes"] == 1.2e6 and by["up"]["bytes"] == 1e5 and by["matmul"]["shape"] == "316x316"


def test_bench_device_of_large_results_and_types():
    fast = {"VANE_SIM_DEVICES": "fast: launch=1us latency=1us bytes=1TB/s flops=1T/s link=1TB/s"}
    for dtype in ["f32", "i32", "f16", "bool"]:
        ops = ["copy", "equal", "where"] + ([] if dtype == "bool" else ["add", "reduce_max", "argmax"])
        rows, _ = device_rows(*ops, "--dtype", dtype, "--sizes", "300000", "--min-time", "0.1", env=fast)
        assert [r["result"] for r in rows] == ["ok"] * len(ops), rows
    rows, _ = device_rows("matmul", "--sizes", "900x4:4x60", "--min-time", "0.1", env=fast)
    assert rows[0]["result"] == "ok" and rows[0]["shape"] == "900x4:4x60"
    rows, _ = device_rows("softmax", "--attr", "axis=0", "--sizes", "1000x100", "--min-time", "0.1", env=fast)
    assert rows[0]["result"] == "ok"
    rows, _ = device_rows("add", "--sizes", "200000x1:1x2", "--min-time", "0.1", env=fast)
    assert rows[0]["result"] == "ok" and rows[0]["bytes"] == 4 * (200000 + 2 + 400000), rows
    out = vane("bench", "device", "add", "--sizes", "64", "--min-time", "1", env=fast)[0]
    assert "simulated" in out and "add_f32" in out and "GB/s" in out, out


def test_bench_device_tells_wrong_and_failed():
    env = {"VANE_SIM_DEVICES": "bad: launch=1us fail=add:wrong@0s,mul:device@0s"}
    rows, err = device_rows("add", "mul", "neg", "--sizes", "100000", "--min-time", "0.1", code=1, env=env)
    assert [r["result"] for r in rows] == ["WRONG", "FAILED", "ok"], rows
    assert rows[0]["samples"] == 0 and "element" in rows[0]["why"] and rows[1]["why"], rows
    assert "1 result wrong, 1 failed" in err


def test_bench_device_refuses():
    def no(code, words, *args):
        refused(code, words, "bench", "device", *args, env=SLOW)
    no(2, ["'ad'", "add"], "ad")
    no(2, "bytes", "link", "--sizes", "2")
    no(2, "is not a shape", "add", "--sizes", "3y3", "--json")
    no(2, "exp does not take i32", "exp", "-t", "i32")
    no(2, "--min-time", "add", "--min-time", "0")
    no(2, "--learn-time", "add", "--learn-time", "soon")
    no(1, ["no device", "of the backend scalar"], "add", "--backend", "scalar")
    no(1, ["no device", "with the id x"], "add", "--device", "x")


def check_regret_case(case, policies):
    field = {(k["backend"], k["device"], k["kernel"], k["threads"]): None if k["vague"] else k["ns"]
             for k in case["candidates"]}
    assert len(field) == len(case["candidates"]) > 0, case
    assert case["best_ns"] == min(ns for ns in field.values() if ns) and case["noise"] >= 0, case
    assert [p["policy"] for p in case["policies"]] == policies
    for p in case["policies"]:
        c = p["chosen"]
        ns = field.get((c["backend"], c["device"], c["kernel"], c["threads"]))
        assert p["used_ns"] > 0 and len(p["view"]) >= len(field), p
        if ns:
            assert math.isclose(p["regret"], ns / case["best_ns"] - 1, abs_tol=1e-9), p


def test_bench_policy():
    policies = ["adaptive", "heuristic", "fixed"]
    r = as_json("bench", "policy", "--quick", "--cold-calls", "60", "--warm-up", "5", "--max-regret", "100000")
    cases = {(c["op"], c["shape"]) for c in r["cases"]}
    assert len(cases) == len(r["cases"]) == 11 and ("matmul", "64x64") in cases, cases
    for c in r["cases"]:
        check_regret_case(c, policies)
        for p in c["policies"]:
            assert p["calls"] == 60 and p["calls_ns"] > 0 and "after_50" in p and "cold" in p, p
    assert [t["policy"] for t in r["totals"]] == [*policies, None]
    for i, t in enumerate(r["totals"]):
        assert t["cases"] == 11 and t["phase"] == "quiet" and 0 <= t["median"] <= t["max"], t
        if t["policy"]:
            regrets = [c["policies"][i]["regret"] for c in r["cases"]]
            assert t["cold"]["cases"] == 11, t
            assert math.isclose(t["mean"], sum(regrets) / 11) and t["max"] == max(regrets), t


def test_bench_policy_limits_and_tables():
    args = ["bench", "policy", "--quick", "--ops", "add,where", "--sizes", "100", "--min-time", "1"]
    out = vane(*args, "--policies", "adaptive", "--max-regret", "100000")[0]
    assert re.search(r"^where +adaptive .* x1 ", out, re.M) and "(noise)" in out, out
    out, err = vane(*args, "--max-regret=-1", code=1)  # no regret is below it
    assert re.match(r"vane: the mean regret of adaptive is [\d.]+ %, more than -1 %\n$", err), err
    assert "heuristic" in out, out
    r = as_json(*args, "--fresh", "--policies", "fixed", "--dtype", "i32")
    assert {(c["op"], c["dtype"]) for c in r["cases"]} == {("add", "i32"), ("where", "i32")}
    refused(2, "--max-regret", *args, "--policies", "fixed", "--max-regret", "1")
    refused(2, "--max-regret", *args, "--max-regret", "little")
    refused(2, "--warm-up", *args, "--warm-up", "-1")
    refused(2, "'best'", *args, "--policies", "best")
    refused(2, ["'ad'", "add", "matmul"], "bench", "policy", "--ops", "add,ad")
    refused(2, "'extra'", "bench", "policy", "extra")
    refused(1, "nothing was measured", "bench", "policy", "--ops", "exp", "--dtype", "i32")


def test_bench_policy_under_load():
    r = as_json("bench", "policy", "--quick", "--ops", "add", "--sizes", "1000", "--load")
    assert [c["phase"] for c in r["cases"]] == ["quiet", "loaded", "after the load"]
    for c in r["cases"]:
        check_regret_case(c, ["adaptive", "heuristic", "fixed"])
    assert len(r["totals"]) == 12, r["totals"]


def test_bench_policy_leaves_the_wrong_out():
    path = os.path.dirname(WRONG) + ":" + os.environ["VANE_PLUGIN_PATH"]
    out = vane("bench", "policy", "--quick", "--ops", "add,mul", "--sizes", "100", "--json",
               env={"VANE_PLUGIN_PATH": path})[0]
    for c in json.loads(out)["cases"]:
        assert c["left_out"] >= 1 and "wrong" not in {k["backend"] for k in c["candidates"]}, c

# ---- calibrate ------------------------------------------------------------------------


def calibrate(*args, code=0, **env):
    return vane("calibrate", *args, code=code, env={"VANE_CACHE": os.path.abspath("cache"), **env})


def test_calibrate():
    usual = ["add", "--dtype", "f32"]
    out, err = calibrate("--check", *usual, code=1)
    assert "nothing was learned" in out and "not up to date" in err, (out, err)
    out = calibrate(*usual)[0]
    assert "add f32" in out and "\r" not in out and re.search(r"\d+ entries in .*cache/learned", out), out
    for _ in range(5):  # beside other tests a size may need another look
        again = json.loads(calibrate("--json", *usual)[0])
        if again["learned"] == 0:
            break
    assert again["learned"] <= 1 and again["left"] == 0 and again["known"] > 20, again
    if again["learned"] == 0:
        assert "up to date" in calibrate("--check", *usual)[0]
    listed = json.loads(calibrate("--list", "--json")[0])
    assert {e["op"] for e in listed["learned"]} == {"add"} and listed["entries"] == len(listed["learned"])
    assert all(e["whose"] == "current" for e in listed["learned"])
    assert "avx" in calibrate("--list")[0] or "generic" in calibrate("--list")[0]
    verdict = json.loads(calibrate("--check", "--json", "mul", code=1)[0])
    assert verdict["stale"] and verdict["missing"] > 10, verdict
    out = vane("explain", "add", "1000", "1000", "--json", env={"VANE_CACHE": os.path.abspath("cache")})[0]
    assert json.loads(out)["decision"]["policy"] == "adaptive"
    assert "other" in calibrate("--check", *usual, code=1, VANE_CPU_MASK="avx2")[0]  # another identity
    assert calibrate("--forget")[0].endswith("entries forgotten\n")
    assert glob.glob("cache/learned/*.learned") == []
    assert json.loads(calibrate("--list", "--json")[0])["entries"] == 0


def test_calibrate_tells_age_and_builds():
    calibrate("abs")
    path = glob.glob("cache/learned/*.learned")[0]
    with open(path, "rb") as f:
        whole = f.read()
    with open(path, "wb") as f:
        f.write(whole[:-1])
    out, err = calibrate("--check", "abs", code=1)
    assert "nothing was learned" in out and "damaged" in err, (out, err)


def test_calibrate_refuses():
    refused(2, "exclude each other", "calibrate", "--check", "--list")
    refused(2, "f33", "calibrate", "--dtype", "f33")
    refused(2, "seconds", "calibrate", "--seconds", "never")
    refused(2, "'ad'", "calibrate", "ad", env={"VANE_CACHE": os.path.abspath("c")})
    refused(1, "VANE_CACHE is 0", "calibrate", "--list")
    refused(1, "VANE_CACHE is 0", "calibrate", "add")
    refused(1, "learns nothing", "calibrate", env={"VANE_POLICY": "fixed"})
    refused(1, "no operation of that type", "calibrate", "exp", "-t", "i32",
            env={"VANE_CACHE": os.path.abspath("c")})


sys.exit(run_all([(n, f) for n, f in list(globals().items()) if n.startswith("test_")]))
