#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_top.py BUSY DIGITS CSV LANDINGS VANE - vane top beside the digits example: as text, as JSON, and in a
terminal whose screen is read."""
import contextlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time

from watch import check, main, run, skip

DIGITS, CSV, VANE = (os.path.abspath(sys.argv[i]) for i in (2, 3, 5))
END = 120  # seconds: then it does not come


def until(ask):
    """The first answer that is true; the last one after so long."""
    end = time.monotonic() + END
    while True:
        answer = ask()
        if answer or time.monotonic() > end:
            return answer
        time.sleep(0.05)


def is_shown(pid):
    """Its page is there, and whole."""
    return subprocess.run([VANE, "top", str(pid), "-n", "1", "-d", "0.2", "--json"], stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, timeout=END, check=False).returncode == 0


@contextlib.contextmanager
def digits(**environment):
    """A process that goes on, and shows itself in ./vane; its number."""
    os.environ["XDG_RUNTIME_DIR"] = os.getcwd()
    env = {**os.environ, "VANE_TOP": "2", **environment}
    p = subprocess.Popen([DIGITS, "--epochs", "1000000000", "--no-table", CSV], env=env,
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        if env["VANE_TOP"] != "0":
            check(until(lambda: is_shown(p.pid)), f"it shows itself: {env['VANE_TOP']}")
        yield p.pid
    finally:
        p.kill()
        p.wait()


def objects(text):
    """One after another."""
    while text.strip():
        one, end = json.JSONDecoder().raw_decode(text)
        yield one
        text = text[end:].lstrip()


def frames(pid, count, *more):
    out, err = run(VANE, "top", pid, "-n", count, "-d", 0.3, "--json", *more)
    check(err == "", f"stderr: {err}")
    return list(objects(out))


def counted(pid):
    """A frame in which calls were counted over an interval, and products among them."""
    def ask():
        f = frames(pid, 1)[0]
        gemm = [c for c in f["calls"] if c["op"] == "gemm" and c["calls_per_s"] > 0 and c["mean_ns"]]
        return f if f["counted"] and f["calls_per_s"] and gemm else None
    return until(ask)


def json_tells_what_runs():
    with digits() as pid:
        f = counted(pid)
        check(f and f["pid"] == pid and f["program"] == "vane-digits", f"who: {f and f['program']}")
        backends = {d["backend"] for d in f["devices"]}
        check("scalar" in backends, f"devices: {backends}")
        by_rate = sorted(f["calls"], key=lambda c: c["calls_per_s"])  # an op has a row for each who computes it
        ops = {c["op"]: c for c in by_rate}
        check({"gemm", "axpy", "softmax", "relu"} <= set(ops), f"ops: {sorted(ops)}")
        gemm = ops["gemm"]
        check(gemm["calls_per_s"] > 0 and gemm["flops_per_s"] > 0 and gemm["bytes_per_s"] > 0, f"rates: {gemm}")
        check(0 < gemm["mean_ns"] and 0 < gemm["time_share"], f"times: {gemm}")
        check(gemm["who"].split("/")[0] in backends, f"who: {gemm['who']}")
        check(any(r["op"] == "gemm" and r["why"] for r in f["routes"]) or len(f["routes"]) == 32, "routes")
        check(not f["always"], "counted while somebody looks")
        two = frames(pid, 3)
        sums = [sum(c["calls"] for c in one["calls"]) for one in two]
        check(len(two) == 3 and sums[0] < sums[1] < sums[2], f"it goes on: {sums}")
        check(frames(pid, 1, "--batch")[0]["pid"] == pid, "--batch goes with --json")


def text_where_there_is_no_terminal():
    with digits() as pid:
        counted(pid)
        alone = len(json.loads(run(VANE, "top", "--list", "--json")[0])) == 1  # the user may run others
        out, _ = run(VANE, "top", *([] if alone else [pid]), "-n", 5, "-d", 0.3)
        check(out.count(f"vane-digits  pid {pid}  vane ") == 5, f"five frames: {out[:200]}")
        check("\x1b" not in out, "no commands for terminals")
        check(re.search(r"^gemm +f32 +\S+ +\d+ +[1-9]\S*/s ", out, re.M), f"gemm: {out}")
        check(re.search(r"^routes, the last first\n +\S+ .* ago +\S+ f32 class \d+", out, re.M), "routes")


def moved_bytes_and_what_devices_tell():
    with digits(VANE_SIM_DEVICES="gpu: like=h200", VANE_BACKEND="sim") as pid:
        f = counted(pid)
        d = [d for d in f["devices"] if d["backend"] == "sim"] if f else []
        check(len(d) == 1 and d[0]["up_bytes"] > 0 and d[0]["down_bytes"] > 0, f"moved: {d}")
        moving = until(lambda: [d for d in frames(pid, 1)[0]["devices"] if (d["up_bytes_per_s"] or 0) > 0])
        check(moving and moving[0]["backend"] == "sim", f"rates of what moves: {moving}")
        told = until(lambda: [d for d in frames(pid, 1)[0]["devices"] if d["clock_mhz"]])
        check(told, "the simulated device tells its clock")
        out, _ = run(VANE, "top", pid, "-n", 1, "-d", 0.3)
        check(re.search(r"^sim/\S+ +\S+/s .* MHz .*[KMG]iB +.*iB/s +.*iB/s", out, re.M), f"as text: {out}")


def several_are_listed():
    with digits() as one, digits() as two:
        out, _ = run(VANE, "top")
        check(all(re.search(rf"^ *{pid} +1 +vane-digits ", out, re.M) for pid in (one, two)), f"list: {out}")
        listed = json.loads(run(VANE, "top", "--list", "--json")[0])
        mine = [e["pid"] for e in listed if e["pid"] in (one, two)]  # the user may run others
        check(mine == sorted([one, two]), f"as JSON: {listed}")
        check(frames(two, 1)[0]["pid"] == two, "the one that is named")


def those_that_ended():
    with digits() as pid:
        p = subprocess.Popen([VANE, "top", str(pid), "--json", "-d", "0.2"], stdout=subprocess.PIPE, encoding="utf-8")
        check(f'"pid": {pid},' in p.stdout.readline() + p.stdout.readline(), "a frame begins")
    p.stdout.read()
    check(p.wait(END) == 0, "it ends when the process does")
    check(os.listdir("vane") == [], f"and what was left is removed: {os.listdir('vane')}")
    alone = run(VANE, "top", "--list")[0] == ""
    nobody = [((), "no process of this user")] if alone else []
    for arguments, words in [((pid,), f"process {pid} shows nothing"), *nobody]:
        out, err = run(VANE, "top", *arguments, code=1)
        check(out == "" and re.fullmatch(rf"vane: {words}[^\n]*\n", err), f"{arguments}: {err}")
    check(str(pid) not in run(VANE, "top", "--list")[0].split(), "it is not listed")


def those_that_do_not_want():
    with digits(VANE_TOP="0") as pid:
        _, err = run(VANE, "top", pid, code=1)
        check("shows nothing" in err and not os.path.exists("vane"), f"VANE_TOP=0: {err}")
    with digits(VANE_TOP="1") as pid:
        f = counted(pid)
        check(f and f["always"], "VANE_TOP=1 counts always")


def bad_pages_are_one_sentence():
    with digits() as pid:
        name = f"vane/{pid}-1"
        os.chmod(name, 0o644)
        out, err = run(VANE, "top", pid, code=1)
        check(out == "" and re.fullmatch(r"vane: the page of [^\n]*others[^\n]*\n", err), f"others: {err}")
        os.kill(pid, signal.SIGSTOP)  # or it would make another at once
        os.chmod(name, 0o600)
        os.truncate(name, 50)
        out, err = run(VANE, "top", pid, code=1)
        check(out == "" and re.fullmatch(r"vane: the page of [^\n]*cut short[^\n]*\n", err), f"cut: {err}")
        os.kill(pid, signal.SIGCONT)
        check(until(lambda: is_shown(pid)), "the process makes another")
        check(counted(pid), "which counts")
        check(os.listdir("vane") == [f"{pid}-2"], f"alone: {os.listdir('vane')}")


def wrong_words():
    for arguments in (("x",), ("0",), ("1", "2"), ("-d", "0"), ("-d", "nan"), ("-n", "0"), ("--delay=9e9",), ("--no",)):
        out, err = run(VANE, "top", *arguments, code=2)
        check(out == "" and re.fullmatch(r"vane: [^\n]+\n", err), f"{arguments}: {err}")


# ---- in a terminal ----------------------------------------------------------------------------

class Terminal:
    """A tmux server of its own; its only pane runs the script."""

    def __init__(self, script, columns=130, rows=40):
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", columns, "-y", rows,
                  f"sh -c {shlex.quote(script)}")

    @staticmethod
    def tmux(*words):
        env = {k: v for k, v in os.environ.items() if k != "TMUX"}
        return subprocess.run(["tmux", "-S", os.path.abspath("tmux.sock"), *map(str, words)], env=env, encoding="utf-8",
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=END, check=False).stdout

    def screen(self):
        return self.tmux("capture-pane", "-p")

    def shows(self, pattern):
        """Until it does; the match."""
        return until(lambda: re.search(pattern, self.screen(), re.M))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.tmux("kill-server")


# The shell, too, gets what the keyboard sends.
SCRIPT = "trap : INT; echo before it; sh -c 'echo $$ >top.pid; exec {vane} top {pid} -d 0.3'; echo code $?; stty -a; read x"


def is_restored(t, code):
    check(t.shows(rf"^code {code}$"), f"it ended with {code}: {t.screen()}")
    text = until(lambda: t.screen() if re.search(r"\bicanon\b", t.screen()) else None) or t.screen()
    check(text.startswith("before it\n"), f"what stood there before: {text}")
    check(not re.search(r"gemm|q quit|pid ", text), f"nothing is left of it: {text}")
    check(re.search(r"(?<!-)\bicanon\b", text) and re.search(r"(?<!-)\becho\b", text), f"keys are lines: {text}")
    check(t.tmux("display", "-p", "#{alternate_on} #{cursor_flag}").split() == ["0", "1"], "its own screen, a cursor")


def a_terminal_shows_it():
    with digits() as pid, Terminal(SCRIPT.format(vane=VANE, pid=pid)) as t:
        check(t.shows(rf"^vane-digits  pid {pid}  vane \d"), f"the process: {t.screen()}")
        check(t.shows(r"^gemm +f32 +\S+ +\d+ +[1-9]\S*/s +\S+ %"), f"operations, and rates: {t.screen()}")
        check(t.shows(r"^scalar/\S* +\S+/s"), f"devices: {t.screen()}")
        check(t.shows(r"^calls  [1-9]\S*/s  failed 0/s"), f"the sum: {t.screen()}")
        check(t.shows(r"^routes, the last first$"), f"routes: {t.screen()}")
        check(t.shows(r"^q quit   s sorted by time"), f"keys: {t.screen()}")
        check("before it" not in t.screen(), "a screen of its own")
        for order in ("calls", "bytes", "name", "time"):
            t.tmux("send-keys", "s")
            check(t.shows(rf"^q quit   s sorted by {order} "), f"sorted by {order}: {t.screen()}")
        t.tmux("resize-window", "-x", 60, "-y", 9)
        check(t.shows(r"^q quit .*\s*\Z"), "the last line is the last")
        small = until(lambda: s if len(s := t.screen().splitlines()) == 9 and s[8].startswith("q quit") else None)
        check(small and small[0].startswith("vane-digits") and all(len(line) <= 60 for line in small),
              f"it fits: {t.screen()}")
        t.tmux("resize-window", "-x", 130, "-y", 40)
        check(t.shows(r"^routes, the last first$"), f"and larger again: {t.screen()}")
        t.tmux("send-keys", "q")
        is_restored(t, 0)


def signals_leave_the_terminal_as_it_was():
    for send, code in ((("send-keys", "C-c"), 130), (None, 143)):
        with digits() as pid, Terminal(SCRIPT.format(vane=VANE, pid=pid)) as t:
            check(t.shows(r"^q quit"), f"it runs: {t.screen()}")
            if send:
                t.tmux(*send)
            else:
                with open("top.pid", encoding="ascii") as f:
                    os.kill(int(f.read()), signal.SIGTERM)
            is_restored(t, code)


def the_end_of_the_process_ends_it():
    with digits() as pid:
        t = Terminal(SCRIPT.format(vane=VANE, pid=pid))
        check(t.shows(r"^gemm "), f"it runs: {t.screen()}")
    with t:
        check(t.shows(rf"^process {pid} is over$"), f"said: {t.screen()}")
        check(t.shows(r"^code 0$"), f"code: {t.screen()}")


TESTS = [json_tells_what_runs, text_where_there_is_no_terminal, moved_bytes_and_what_devices_tell, several_are_listed,
         those_that_ended, those_that_do_not_want, bad_pages_are_one_sentence, wrong_words]
if shutil.which("tmux"):
    TESTS += [a_terminal_shows_it, signals_leave_the_terminal_as_it_was, the_end_of_the_process_ends_it]
else:
    skip("vane top in a terminal", "no tmux here")
main(*TESTS)
