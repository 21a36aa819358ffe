"""Runs one program and writes what it took to a file descriptor: launch.py DESCRIPTOR PROGRAM ARGUMENT..."""
import os
import sys
import time

answer, command = int(sys.argv[1]), sys.argv[2:]
os.set_inheritable(answer, False)
start = time.perf_counter()
process = os.posix_spawnp(command[0], command, os.environ)
# With its children: what a tool lets gpg or xz do is its own cost.
_, status, usage = os.wait4(process, 0)
wall = time.perf_counter() - start
cpu = 1000 * (usage.ru_utime + usage.ru_stime)
os.write(
    answer,
    f'{{"status": {status}, "cpu": {cpu:.1f}, "wall": {1000 * wall:.1f}, "memory": {usage.ru_maxrss / 1024:.1f}}}'.encode(),
)
