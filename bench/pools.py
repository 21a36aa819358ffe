"""Pools of packages to measure with, and packages besides that are added later."""
import random
import shutil
import subprocess
import sys


# Contents of a whole archive is a large file, and pages are many; so many runs of each show what they cost.
CONTENTS_RUNS = 5
PAGES_RUNS = 10
BESIDES = CONTENTS_RUNS + PAGES_RUNS


class Pool:
    """Packages below `folder`, and which of them go and which others come.

    None comes or goes twice: a suite that returns to what it held before finds compressed parts from then, and costs less.
    """

    def __init__(self, folder, extra, runs, chosen):
        self.folder = folder
        files = sorted(folder.rglob("*.deb"))
        self.size = len(files)
        self.bytes = sum(file.stat().st_size for file in files)
        most = min(runs, max(1, (len(extra) - 1) // 2))
        extra = chosen.sample(extra, min(len(extra), 2 * most + BESIDES))
        gone = chosen.sample(files, 2 * most)
        self.added, self.added_within, besides = extra[:most], extra[most : 2 * most], extra[2 * most :]
        self.added_contents, self.added_pages = besides[:CONTENTS_RUNS], besides[CONTENTS_RUNS:]
        self.removed, self.removed_within = gone[:most], gone[most:]

    def warm(self):
        """Reads all of it once, so that every tool finds it in memory."""
        for file in [*self.folder.rglob("*.deb"), *self.added, *self.added_within, *self.added_contents, *self.added_pages]:
            file.read_bytes()


def get(settings, size):
    """Returns the pool that was given, or makes one of `size` packages; a second run finds it again."""
    # Seeded, and apart from what a pool is made by: two runs measure the same packages.
    chosen = random.Random(1)
    if settings.pool:
        extra = sorted(settings.extra.rglob("*.deb"))
        if len(extra) < 3:
            raise SystemExit("bench: BENCH_EXTRA wants three packages at least, and twice BENCH_RUNS and fifteen at best")
        return Pool(settings.pool, extra, settings.runs, chosen)
    # Another index makes other packages.
    kind = f"real-{settings.packages.stat().st_size}" if settings.packages else "made-up"
    more = 2 * settings.runs + BESIDES
    home = settings.work / f"{kind}-{size}+{more}"
    if not (home / "done").exists():
        make(settings, home, size, more)
    return Pool(home / "pool", sorted((home / "extra").iterdir()), settings.runs, chosen)


def make(settings, home, size, more):
    shutil.rmtree(home, ignore_errors=True)
    print(f"bench: making {size} packages", file=sys.stderr)
    packages = [settings.packages] if settings.packages else []
    subprocess.run([settings.tools / "make-pool", home, str(size + more), *packages], check=True)
    # Spread over the whole index, as real uploads are.
    extra = home / "extra"
    extra.mkdir()
    for file in random.Random(size).sample(sorted((home / "pool").rglob("*.deb")), more):
        file.rename(extra / file.name)
    (home / "done").touch()
