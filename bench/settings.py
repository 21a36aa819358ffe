"""What is measured, as the environment says; docs/benchmarks/README.md lists the variables."""
import os
import pathlib

HERE = pathlib.Path(__file__).resolve().parent.parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or HERE / "target").resolve()
MADE_UP = "made up"
PEERS = ("apt-ftparchive", "reprepro", "aptly")


def words(name, default):
    return os.environ.get(name, default).split()


def path(name, default=None):
    value = os.environ.get(name) or default
    return pathlib.Path(value).resolve() if value else None


class Settings:
    def __init__(self):
        self.pool = path("BENCH_POOL")
        self.extra = path("BENCH_EXTRA")
        # A pool that is given has the size that it has.
        self.sizes = [None] if self.pool else [int(size) for size in words("BENCH_SIZES", "1000 10000")]
        self.growth = [int(size) for size in words("BENCH_GROWTH", "1000 10000")]
        self.runs = int(os.environ.get("BENCH_RUNS", "20"))
        self.peer_runs = int(os.environ.get("BENCH_PEER_RUNS", "3"))
        self.peers = words("BENCH_PEERS", " ".join(PEERS))
        self.packages = path("BENCH_PACKAGES")
        self.out = path("BENCH_OUT", HERE / "docs/benchmarks")
        self.work = path("BENCH_WORK", TARGET / "bench")
        self.repogen = path("REPOGEN", TARGET / "release/repogen")
        # Built together with the program that is measured.
        self.tools = path("BENCH_TOOLS", TARGET / "release")
        unknown = set(self.peers) - set(PEERS)
        if unknown:
            raise SystemExit(f"bench: BENCH_PEERS knows {' '.join(PEERS)}, and not {' '.join(sorted(unknown))}")
        if self.pool and not self.extra:
            raise SystemExit("bench: BENCH_POOL wants BENCH_EXTRA too: a folder of packages that are not in the pool")
        if self.runs < 1 or self.peer_runs < 1:
            raise SystemExit("bench: BENCH_RUNS and BENCH_PEER_RUNS are at least 1")

    def source(self):
        """Where the packages are from, for the report."""
        if self.pool:
            return "a pool that was given"
        return "made with the control data of a real archive" if self.packages else MADE_UP
