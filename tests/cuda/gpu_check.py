#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""gpu_check.py SOURCE BUILD - tools/gpu-check on the stand-in driver, with tiny sizes: what it writes, that it takes up where
it ended, what it says when something is missing; and the verdicts of its table on made-up measurements. Ends with
`N passed, N failed, N skipped`."""
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import traceback

SOURCE, BUILD = map(os.path.abspath, sys.argv[1:3])
SCRIPT = os.path.join(SOURCE, "tools", "gpu-check")
sys.dont_write_bytecode = True
spec = importlib.util.spec_from_file_location("table", os.path.join(SOURCE, "tools", "gpu", "table.py"))
table = importlib.util.module_from_spec(spec)
spec.loader.exec_module(table)


def gpu_check(out, *parts, code=0, build=BUILD, **env):
    p = subprocess.run(["sh", SCRIPT, "-q", "-b", build, "-o", out, *parts], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                       encoding="utf-8", check=False, env={**os.environ, **env})
    assert p.returncode == code, f"{parts}: code {p.returncode}, expected {code}\n{p.stdout}{p.stderr}"
    return p.stdout, p.stderr


def read(out, name):
    with open(os.path.join(out, name), encoding="utf-8") as f:
        return f.read()


def write(out, name, text):
    with open(os.path.join(out, name), "w", encoding="utf-8") as f:
        f.write(text)


def cells(document):
    rows = [line.strip("| ").split(" | ") for line in document.splitlines() if line.startswith("| ")]
    return [[c.strip() for c in r] for r in rows]


# ---- the script ------------------------------------------------------------------------------


def test_all_of_it_on_the_stand_in(out):
    said = gpu_check(out, "conformance", "bench", "table")[0]
    told = read(out, "gpu-check.md")
    assert told in said and "Stand-in GPU 0, driver CUDA 13.0" in told
    assert "Not a GPU" in told and "PASS (" not in told and "MISS (" not in told, "the stand-in is judged"
    assert "0 PASS, 0 MISS, 0 WRONG, 0 FAILED, 0 NOT MEASURED; 0 of 14 steps FAILED or not finished." in told
    assert "commit unknown." in told, "of a build that the script did not make"
    whats = {(c[0], c[1]) for c in cells(told)}
    for what in ["driver: launch", "driver: relu", "driver: copy", "driver: up", "driver: down"]:
        assert (what, "") in whats, whats
    for what in ["relu", "copy", "add", "exp", "reduce_sum", "argmax", "softmax", "matmul"]:
        assert (what, "f32") in whats, what
    products = {c[3] for c in cells(told) if c[0] == "matmul"}
    assert {"matmul_f32", "cublas_gemm_f32", "matmul_f16", "cublas_gemm_f16"} <= products, products
    rows = [json.loads(line) for line in read(out, "gpu-check.jsonl").splitlines()]
    assert all(r["device"] == "Stand-in GPU 0" and r["samples"] >= 3 for r in rows)
    assert all(r["result"] == "ok" for r in rows if r["kind"] != "bare")
    for name in ["f32", "stream", "threads"]:
        assert f"| {name} | " in told and " 0 failed" in read(out, f"conformance-{name}.out")
    before = os.stat(os.path.join(out, "bench-matmul.out")).st_mtime_ns
    os.remove(os.path.join(out, "bench-launch.done"))  # as if it had been ended there, while it wrote
    launches = read(out, "bench-launch.out")
    write(out, "bench-launch.out", launches[:len(launches) - 20])
    os.remove(os.path.join(out, "conformance-f32.done"))
    told = gpu_check(out, "table", code=1)[0]
    assert "; 2 of 14 steps FAILED or not finished." in told, told
    assert "- bench-launch: FAILED or not finished" in told and "- conformance-f32: FAILED or not finished" in told, told
    assert len(read(out, "gpu-check.jsonl").splitlines()) == len(rows) - 1
    said = gpu_check(out, "conformance", "bench")[0]
    assert "bench-launch: done\n" in said and "bench-matmul: done before\n" in said, said
    assert os.stat(os.path.join(out, "bench-matmul.out")).st_mtime_ns == before


def test_failures_are_told(out):
    wrong = {"VANE_FAKE_CUDA": "fail=cuLaunchKernel:2@1+,misuse=report"}
    said = gpu_check(out, "bench", code=1, **wrong)[0]
    assert "bench-launch: FAILED" in said and "bench-before: FAILED" in said, said
    gpu_check(out, "table", code=1, **wrong)
    told = read(out, "gpu-check.md")
    assert " FAILED: " in told and "Conformance was not run." in told, told
    for step in ["bench-before", "bench-launch", "bench-after", "conformance-f32", "conformance-stream"]:
        assert f"- {step}: FAILED or not finished" in told, told


def test_the_commit_is_of_what_was_measured(out):
    folder = os.path.join(out, "build")
    os.mkdir(folder)
    for part in ["backends", "core", "tools"]:
        os.symlink(os.path.join(BUILD, part), os.path.join(folder, part))
    first, later = os.path.join(out, "first"), os.path.join(out, "later")
    gpu_check(first, "conformance", build=folder)
    assert read(first, "commit") == ""
    what = read(first, "stamp").split(",")[0]
    write(folder, "gpu-check.built", f"{what}: made-up-1\n")
    gpu_check(later, "conformance", build=folder)
    assert read(later, "commit") == "made-up-1\n"
    write(later, "bench-before.out", json.dumps(bare("launch", "one wait")) + "\n")
    write(folder, "gpu-check.built", f"{what}: made-up-2\n")
    told = gpu_check(later, "table", code=1, build=folder)[0]
    assert ", commit made-up-1." in told, told
    write(folder, "gpu-check.built", "1 2: made-up-3\n")  # of what was built before
    os.remove(os.path.join(later, "stamp"))
    gpu_check(later, "conformance", build=folder)
    assert read(later, "commit") == ""


def test_what_is_missing_is_one_sentence(out):
    def missing(words, part, **env):
        said, why = gpu_check(out, part, code=1, **env)
        assert said == "" and why.startswith("gpu-check: ") and why.count("\n") == 1, (said, why)
        assert words in why, why
    missing("no device", "bench", VANE_FAKE_CUDA="devices=0")
    missing("cuInit gave its code 999", "conformance", VANE_FAKE_CUDA="fail=cuInit:999")
    missing("nothing was measured", "table")
    if not os.path.exists("/dev/nvidiactl"):  # here there may be a real one
        missing("no NVIDIA driver: libcuda.so.1", "build", LD_LIBRARY_PATH="")
    p = subprocess.run(["sh", SCRIPT, "-b", out, "bench"], stderr=subprocess.PIPE, encoding="utf-8", check=False)
    assert p.returncode == 1 and f"nothing is built in {out}" in p.stderr, p.stderr
    p = subprocess.run(["sh", SCRIPT, "dance"], stderr=subprocess.PIPE, encoding="utf-8", check=False)
    assert p.returncode == 2 and "tools/gpu-check" in p.stderr, p.stderr


# ---- the verdicts ----------------------------------------------------------------------------


def op(what, shape, gb_per_s, **more):
    return {"kind": "op", "what": what, "name": f"{what}_f32", "dtype": "f32", "shape": shape, "device": "Made-up GPU",
            "driver": "1", "median_ns": 1e6, "bytes": 1, "gb_per_s": gb_per_s, "gflop_per_s": 1, "chosen": None,
            "settled": False, "result": "ok", "why": None, **more}


def bare(what, name, **more):
    return {"kind": "bare", "what": what, "name": name, "device": "Made-up GPU", "driver": "1", "median_ns": 1e6,
            "bytes": 0, "gb_per_s": 0, **more}


def verdicts(*rows):
    return [table.line(r, rows)[-1] for r in rows if r["kind"] != "bare"]


def test_shares_of_the_copy(_out):
    peers = [bare("copy", "device", gb_per_s=900), bare("copy", "device", gb_per_s=1000)]  # the better one counts
    large, small = "67108864", "67108863"
    got = verdicts(*peers, op("add", large, 900), op("add", large, 899), op("add", small, 1),
                   op("reduce_sum", large, 850), op("dot", large, 849), op("softmax", "32768x2048", 800),
                   op("softmax", "32768x2048", 799))
    assert got == ["PASS (asked: 90%)", "MISS (asked: 90%)", "", "PASS (asked: 85%)", "MISS (asked: 85%)",
                   "PASS (asked: 80%)", "MISS (asked: 80%)"], got
    halves = op("add", large, 1, dtype="f16")
    assert verdicts(*peers, halves) == [""] and verdicts(op("add", small, 900)) == [""]
    assert verdicts(op("add", large, 900)) == ["NOT MEASURED (asked: 90%)"]
    assert verdicts(*peers, op("add", large, None)) == ["NOT MEASURED (asked: 90%)"]
    unchecked = {"result": "unchecked", "why": "no memory"}
    assert verdicts(*peers, op("add", large, 900, **unchecked), op("add", small, 900, **unchecked)) == [
        "NOT MEASURED: unchecked: no memory", "unchecked: no memory"]
    assert verdicts(*peers, op("add", large, 900, result="WRONG", why="element | 3")) == ["WRONG: element / 3"]


def link(gb_per_s, name, size, way="up"):
    return {**op(way, "", gb_per_s), "kind": "link", "name": name, "bytes": size, "dtype": None, "shape": None}


def launch(name, ns):
    return {**op("relu", "1", None), "kind": "launch", "name": name, "median_ns": ns}


def test_launches_and_link(_out):
    peers = [bare("relu", "one wait", median_ns=3000), bare("relu", "one wait", median_ns=2000),
             bare("up", "pinned", gb_per_s=50), bare("up", "plain", gb_per_s=10)]
    launches = [launch("one wait", ns) for ns in (3000, 3001)]
    got = verdicts(*peers, *launches, link(45, "pinned", 1 << 24), link(44.9, "pinned", 1 << 24), link(1, "pinned", 1 << 20),
                   link(1, "plain", 1 << 24))
    assert got == ["PASS (asked: 1 us)", "MISS (asked: 1 us)", "PASS (asked: 90%)", "MISS (asked: 90%)", "", ""], got
    alone = verdicts(launch("given", 1), launch("each waited for", 1), link(1, "pinned", 1 << 24), link(1, "plain", 1 << 24))
    assert alone == ["NOT MEASURED (asked: 1 us)", "", "NOT MEASURED (asked: 90%)", ""], alone


def test_products(_out):
    def both(own_ns, library_ns, taken, settled=True):
        rows = [op("matmul", "8x8", 1, median_ns=own_ns, chosen=taken == 0, settled=settled),
                op("matmul", "8x8", 1, median_ns=library_ns, chosen=taken == 1, settled=settled, name="cublas_gemm_f32")]
        return verdicts(*rows)
    assert both(100, 60, 1) == ["PASS (asked: 60%)", "taken by the policy: PASS"]
    assert both(101, 60, 0) == ["MISS (asked: 60%); taken by the policy: MISS", ""]
    assert both(100, 105, 1, settled=False) == ["PASS (asked: 60%)", "taken by the policy: PASS, not settled"]
    own = op("matmul", "8x8", 1, chosen=True)
    assert verdicts(own) == ["NOT MEASURED (asked: 60%)"] and table.line(own, [own])[-2] == "no cuBLAS here"
    for result in ["WRONG", "FAILED"]:
        rows = [own, op("matmul", "8x8", 1, name="cublas_gemm_f32", result=result, why="it")]
        assert verdicts(*rows) == ["NOT MEASURED (asked: 60%)", f"{result}: it"]
        assert table.line(own, rows)[-2] == "cuBLAS failed"
    assert verdicts(op("matmul", "8x8", 1, dtype="f16")) == [""]


def test_what_has_no_figure_is_told(_out):
    ops = ["add", "dot", "softmax"]
    rows = [bare("copy", "device", gb_per_s=1000), *(bare(way, "pinned", gb_per_s=50) for way in ("up", "down")),
            *(bare("relu", name) for name in ("given", "one wait")), launch("given", 1), launch("one wait", 1),
            link(50, "pinned", 1 << 24), link(50, "pinned", 1 << 24, "down"), op("add", "67108864", 999),
            op("dot", "67108864", 999), op("softmax", "67108864", 999), op("matmul", "8x8", 1),
            op("matmul", "8x8", 1, name="cublas_gemm_f32")]

    def told(rows, unended=()):
        lines, good = table.document("x", rows, ops, ["a", "b"], list(unended), "2026-01-01")
        return "\n".join(lines), good
    text, good = told(rows)
    assert good and "8 PASS, 0 MISS, 0 WRONG, 0 FAILED, 0 NOT MEASURED; 0 of 2 steps" in text, text
    for i, row in enumerate(rows):
        text, good = told(rows[:i] + rows[i + 1:])
        n = 3 if row["what"] == "copy" else 1
        assert not good and f"{8 - n} PASS, 0 MISS, 0 WRONG, 0 FAILED, {n} NOT MEASURED" in text, (row, text)
    text, good = told(rows + [link(50, "plain", 1 << 28)])  # and no pinned memory of that size
    assert not good and "2 NOT MEASURED" in text and "| down |  | 256 MiB | pinned | - |" in text, text
    text, good = told(rows, ["b"])
    assert not good and "1 of 2 steps FAILED or not finished." in text and "\n- b: FAILED or not finished" in text, text
    for bad in [op("add", "67108864", 1), op("add", "1", 1, result="WRONG"), op("add", "1", 1, result="FAILED")]:
        assert not told(rows + [bad])[1], bad


def test_the_stand_in_is_never_judged(_out):
    rows = [bare("copy", "device", gb_per_s=1000, device="Stand-in GPU 0"),
            op("add", "67108864", 999, device="Stand-in GPU 0")]
    told, good = table.document("x", rows, ["add"], [], [], "2026-01-01")
    told = "\n".join(told)
    assert good and "Not a GPU" in told and "0 PASS, 0 MISS" in told and "0 NOT MEASURED" in told and "not judged" in told
    assert "Not a GPU" not in "\n".join(table.document("x", [op("add", "1", 1)], [], [], [], "2026-01-01")[0])


def main():
    passed = failed = 0
    for name, test in [(n, f) for n, f in globals().items() if n.startswith("test_")]:
        with tempfile.TemporaryDirectory() as out:
            try:
                test(out)
                passed += 1
            except Exception:
                failed += 1
                print(f"FAILED: {name}")
                traceback.print_exc(file=sys.stdout)
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed or not passed else 0


sys.exit(main())
