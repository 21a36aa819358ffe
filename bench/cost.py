"""Runs a program to its end and says what it took."""
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile

# A child begins with the peak memory of whoever started it, and this program holds whole indexes at times. So a small one
# starts what is measured.
LAUNCHER = pathlib.Path(__file__).parent / "launch.py"


class Failed(Exception):
    """A program that was measured did not do its work."""


class Log:
    """The commands that were measured, each kind once, so that a reader can run them by hand."""

    def __init__(self, shorten):
        self.commands = {}
        self._shorten = shorten

    def note(self, label, command):
        if label and label not in self.commands:
            words = [str(word) for word in command]
            for path, name in self._shorten.items():
                words = [word.replace(str(path), name) for word in words]
            self.commands[label] = " ".join(f"'{word}'" if " " in word else word for word in words)


def run(command, cwd, out=None, env=None):
    """Runs a program; returns milliseconds of CPU and wall, MiB at its peak, read and written, and what it said on stderr."""
    with open(out or os.devnull, "wb") as stdout, tempfile.TemporaryFile() as stderr:
        words = [str(word) for word in command]
        reader, writer = os.pipe()
        launcher = [sys.executable, "-I", "-S", LAUNCHER, str(writer), *words]
        files = {"stdout": stdout, "stderr": stderr, "stdin": subprocess.DEVNULL, "pass_fds": [writer]}
        with subprocess.Popen(launcher, cwd=cwd, env=env, **files):
            os.close(writer)
            with open(reader, encoding="utf-8") as answer:
                measured = answer.read()
        stderr.seek(0)
        said = stderr.read().decode(errors="replace")
    cost = json.loads(measured) if measured else {"status": "no answer"}
    if cost.pop("status") != 0:
        raise Failed(f"{' '.join(words)[:400]} failed:\n{said[-4000:]}")
    return cost, said


def add(*costs):
    """What programs took that ran one after the other."""
    return {
        "cpu": round(sum(cost["cpu"] for cost in costs), 1),
        "wall": round(sum(cost["wall"] for cost in costs), 1),
        "memory": max(cost.get("memory", 0) for cost in costs),
    }


def percentile(values, share):
    """The least value that `share` of all values do not exceed (the nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def median(values):
    """The middle value; of an even number, the mean of the two in the middle."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def part(costs, name):
    """One kind of cost of many runs."""
    return [cost[name] for cost in costs]
