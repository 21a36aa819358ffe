"""What a reader must know of the machine to judge the figures; nothing that names it."""
import os
import pathlib
import platform
import re
import shutil
import subprocess


def facts():
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal:\s*(\d+)", pathlib.Path("/proc/meminfo").read_text())
    return {
        "processor": cpu[1].strip() if cpu else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory": f"{int(memory[1]) / 2**20:.0f} GiB" if memory else "?",
        "kernel": platform.release().split("-")[0],
        "system": platform.freedesktop_os_release().get("PRETTY_NAME", "?"),
    }


def load():
    """The load of the last minute: figures from a busy machine are not worth much."""
    return round(os.getloadavg()[0], 2)


def filesystem(path):
    """The kind of filesystem that `path` is on: an fsync costs what it makes of it."""
    best = ("", "?")
    for line in pathlib.Path("/proc/self/mounts").read_text().splitlines():
        _, mount, kind = line.split(" ")[:3]
        if (f"{path}/").startswith(mount.rstrip("/") + "/") and len(mount) >= len(best[0]):
            best = (mount, kind)
    return best[1]


def version(package):
    """Version of a Debian package; Debian's own words for it."""
    if not shutil.which("dpkg-query"):
        return "?"
    found = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True, text=True, check=False)
    return found.stdout or "?"


def of_repogen(program):
    return subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.split()[-1]
