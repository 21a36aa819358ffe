"""Runs one program and writes what it took to a file descriptor: launch.py DESCRIPTOR PROGRAM ARGUMENT..."""
import json
import os
import pathlib
import sys
import time

answer, command = int(sys.argv[1]), sys.argv[2:]
os.set_inheritable(answer, False)
start = time.perf_counter()
process = os.posix_spawnp(command[0], command, os.environ)
os.waitid(os.P_PID, process, os.WEXITED | os.WNOWAIT)
wall = time.perf_counter() - start
# What it read and wrote by system calls, its own alone; copies count in full, also where two files share the bytes.
counts = dict(line.split(": ") for line in pathlib.Path(f"/proc/{process}/io").read_text().splitlines())
# With its children: what a tool lets gpg or xz do is its own cost.
_, status, usage = os.wait4(process, 0)
cpu = 1000 * (usage.ru_utime + usage.ru_stime)
measured = {
    "status": status,
    "cpu": round(cpu, 1),
    "wall": round(1000 * wall, 1),
    "memory": round(usage.ru_maxrss / 1024, 1),
    "read": round(int(counts["rchar"]) / 2**20, 2),
    "written": round(int(counts["wchar"]) / 2**20, 2),
}
os.write(answer, json.dumps(measured).encode())
