# SPDX-License-Identifier: MIT
"""test_frozen.py - proves that the frozen plugin is what it says.

    test_frozen.py FOLDER-OF-FROZEN_V1 BUILD-ROOT
The headers are those whose sums were recorded, each says that it is frozen, and the compiler
was given no other folder with Vane's headers.
"""
import hashlib
import json
import pathlib
import shlex
import sys


def check_headers(folder):
    listed = set()
    for line in (folder / "sums").read_text().splitlines():
        want, name = line.split()
        text = (folder / name).read_bytes()
        assert hashlib.sha256(text).hexdigest() == want, f"{name} was edited; a change of the contract needs a new folder"
        assert text.startswith(b"/* FROZEN: the plugin contract v1"), f"{name}: its first line does not say FROZEN"
        listed.add(name)
    there = {p.relative_to(folder).as_posix() for p in (folder / "include").rglob("*") if p.is_file()}
    assert there == listed and len(listed) >= 8, f"listed {sorted(listed)}, there are {sorted(there)}"


def includes(command):
    words = shlex.split(command)
    for i, word in enumerate(words):
        if word in ("-I", "-isystem", "-iquote"):
            yield words[i + 1]
        elif word.startswith("-I"):
            yield word[2:]
        elif word.startswith("-isystem"):
            yield word[8:]


def check_commands(folder, build):
    found = {"frozen_v1.c": 0, "frozen_policy.c": 0}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        name = pathlib.Path(entry["file"]).name
        if name not in found:
            continue
        found[name] += 1
        for path in includes(entry["command"]):
            path = (pathlib.Path(entry["directory"]) / path).resolve()
            if (path / "vane" / "backend.h").exists():
                assert path == (folder / "include").resolve(), f"compiled with {path}"
    assert set(found.values()) == {3}, f"compilations: {found}, expected 3 of each"


if __name__ == "__main__":
    check_headers(pathlib.Path(sys.argv[1]).resolve())
    check_commands(pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]))
    print("frozen_v1: unedited, and compiled against nothing else")
