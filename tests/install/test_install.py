#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_install.py BUILD SOURCE - what a newcomer gets from `meson install`.

Installs into a folder of its own, then, with that folder and nothing else: every header
alone in C11, C17 and C++17; the exported names; the README's examples through pkg-config;
the template plugin out of tree, found and used; a moved tree still works.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap

BUILD, SOURCE = (pathlib.Path(p) for p in sys.argv[1:3])
os.environ.update(VANE_CACHE="0", VANE_LOAD="0")  # nothing of the user's, nor of other tests beside
results = {"passed": 0, "failed": 0, "skipped": 0}


def check(good, text):
    results["passed" if good else "failed"] += 1
    if not good:
        print("FAILED:", text)
    return good


def run(*command, env=None, cwd=None):
    return subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False, cwd=cwd,
                          env={**os.environ, **(env or {})})


def compilers():
    """Those that are here: (command, standard)."""
    for name, standard in (("gcc", "c11"), ("gcc", "c17"), ("clang", "c11"), ("g++", "c++17"), ("clang++", "c++17")):
        if shutil.which(name):
            yield name, standard
        else:
            results["skipped"] += 1
            print(f"skipped: headers as {standard}: no {name} here")


def test_headers(include):
    for name, standard in compilers():
        for header in sorted((include / "vane").glob("*.h")):
            text = f"#include \"vane/{header.name}\"\ntypedef int not_empty;\n"
            language = "c++" if "++" in standard else "c"
            p = subprocess.run([name, f"-std={standard}", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only",
                                f"-I{include}", "-x", language, "-"], input=text, capture_output=True, text=True, check=False)
            check(p.returncode == 0, f"{header.name} alone as {standard} with {name}: {p.stderr[:400]}")


def test_exports(library):
    p = run("nm", "-D", "--defined-only", library)
    names = [line.split()[-1] for line in p.stdout.splitlines() if " A " not in line]
    check(len(names) > 50, f"libvane exports {len(names)} names")
    wrong = [n for n in names if not re.fullmatch(r"vane_[a-z0-9]\w*@@VANE_0", n)]
    check(not wrong, f"names without the prefix or the version: {wrong}")
    p = run("readelf", "-d", library)
    check("soname: [libvane.so.0]" in p.stdout, "soname is libvane.so.0")


# What the README's second piece of code is in the middle of.
AROUND = """#include <stdio.h>
#include <vane/vane.h>

int main(void)
{
    float data[] = {0, 1, -1, 2, 0, 0}, y_read[6] = {0};
    const uint64_t bytes = sizeof data;
    const int64_t shape[] = {2, 3};
    vane_context *ctx;
    if (vane_open(NULL, &ctx) != VANE_OK)
        return 1;
    float one[6] = {1, 2, 3, 4, 5, 6}, other[6] = {0};
    vane_tensor One = vane_tensor_of(one, VANE_F32, 2, shape),
                Other = vane_tensor_of(other, VANE_F32, 2, shape);
    const vane_tensor *in[] = {&One};
    vane_tensor *out[] = {&Other};
    vane_plan *plans[20];
    for (int i = 0; i < 20; i++)
        if (vane_plan_open(ctx, VANE_OP_NEG, in, 1, out, 1, NULL, &plans[i]) != VANE_OK)
            return 1;
%s
    if (vane_buffer_read(ctx, y, 0, y_read, bytes) != VANE_OK || vane_stream_close(s) != VANE_OK)
        return fprintf(stderr, "%%s\\n", vane_last_error()->message), 1;
    for (int i = 0; i < 6; i++)
        printf("%%.4f ", (double)y_read[i]);
    vane_sequence_close(q);
    if (other[5] != -6)
        return fprintf(stderr, "the sequence: %%s\\n", vane_last_error()->message), 1;
    for (int i = 0; i < 20; i++)
        vane_plan_close(plans[i]);
    vane_buffer_close(ctx, x);
    vane_buffer_close(ctx, y);
    vane_close(ctx);
}
"""


def compile_and_run(work, env, flags, name, code):
    (work / f"{name}.c").write_text(code, encoding="utf-8")
    p = run("gcc", "-Wall", "-Wextra", "-Werror", f"{name}.c", "-o", name, *flags, cwd=work, env=env)
    if not check(p.returncode == 0, f"the README's {name} compiles: {p.stderr[:600]}"):
        return None
    p = run(f"./{name}", cwd=work, env=env)
    check(p.returncode == 0 and p.stderr == "", f"the README's {name} runs: {p.returncode} {p.stderr}")
    return p.stdout


def test_examples(work, env):
    blocks = re.findall(r"```c\n(.*?)```", (SOURCE / "README.md").read_text(encoding="utf-8"), re.S)
    flags = run("pkg-config", "--cflags", "--libs", "vane", env=env)
    if not check(flags.returncode == 0, f"pkg-config: {flags.stderr}") or \
            not check(len(blocks) == 2, f"the README has {len(blocks)} pieces of C, this test knows two"):
        return
    out = compile_and_run(work, env, flags.stdout.split(), "example", blocks[0])
    check(out == "4 5\n10 11\n", f"the README's example prints its product: {out}")
    out = compile_and_run(work, env, flags.stdout.split(), "buffers", AROUND % textwrap.indent(blocks[1], "    "))
    check(out == "1.0000 2.7183 0.3679 7.3891 1.0000 1.0000 ", f"exp and relu on a stream: {out}")


def test_template(work, env, vane):
    shutil.copytree(SOURCE / "plugins/template", work / "mine")
    p = run("make", "CC=gcc -Werror", cwd=work / "mine", env=env)
    if not check(p.returncode == 0, f"the template builds out of tree: {p.stderr[:600]}"):
        return
    plugin = work / "mine/vane-template.so"
    p = run("nm", "-D", "--defined-only", plugin)
    check([line.split()[-1] for line in p.stdout.splitlines()] == ["vane_backend_entry_v1"], f"it exports one name: {p.stdout}")
    p = run("pkg-config", "--variable=plugindir", "vane", env=env)
    where = p.stdout.strip()
    check(where.endswith("/vane/plugins"), f"pkg-config knows the plugin folder: {where}")
    p = run("make", "install", f"PLUGIN_DIR={work / 'plugins'}", cwd=work / "mine", env=env)
    check(p.returncode == 0, f"make install: {p.stderr[:300]}")
    p = run(vane, "info", "--json", env={**env, "VANE_PLUGIN_PATH": str(work / "plugins")})
    check("vane-template.so" in p.stdout and '"loaded, 1 device"' in p.stdout, "it is loaded from where it was installed")
    p = run("make", cwd=work / "mine", env={**env, "PKG_CONFIG_PATH": "/nowhere", "PKG_CONFIG_LIBDIR": "/nowhere"})
    check(p.returncode != 0 and "PKG_CONFIG_PATH" in p.stderr, f"without pkg-config's help it says what to set: {p.stderr[:200]}")
    p = run(vane, "explain", "add", "8", "8", "--json", env={**env, "VANE_PLUGIN_PATH": str(plugin), "VANE_PREFER": "template"})
    check(p.returncode == 0 and '"template"' in p.stdout, f"it is found and stands for election: {p.stdout[:300]}{p.stderr}")
    p = run(vane, "check", plugin, "--quick", env=env)
    check(p.returncode == 0, f"vane check passes it: {p.stdout[-600:]}{p.stderr}")


def main():
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        p = run("meson", "install", "-C", BUILD, "--no-rebuild", "--destdir", work / "first")
        if not check(p.returncode == 0, f"meson install: {p.stdout[-500:]}{p.stderr}"):
            sys.exit(1)
        (work / "first").rename(work / "moved")
        root = work / "moved"
        library = next(root.rglob("libvane.so.0"))
        include = next(root.rglob("vane.h")).parent.parent
        env = {"PKG_CONFIG_PATH": str(library.parent / "pkgconfig"), "PKG_CONFIG_SYSROOT_DIR": str(root),
               "LD_LIBRARY_PATH": str(library.parent), "VANE_PLUGIN_PATH": ""}
        test_headers(include)
        test_exports(library)
        test_examples(work, env)
        test_template(work, env, next(root.rglob("bin/vane")))
    print("{passed} passed, {failed} failed, {skipped} skipped".format(**results))
    sys.exit(results["failed"] > 0)


main()
