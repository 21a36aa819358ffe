"""repogen, driven as an operator drives it: one command after the other, from the shell."""
import json
import re
import shutil
import time

import cost

# Date in Release rises by a second with each publish, and may be at most three ahead of the clock; one that would be
# further ahead waits. Publishes at this distance never wait, so no wait is measured.
PACE = 1.05
STAGE = re.compile(r"([a-z][a-z -]*?) (\d+) ms")


class Archive:
    """An archive of repogen's, made for one run."""

    name = "repogen"

    def __init__(self, settings, log, root):
        self.root, self._settings, self._log = root, settings, log
        self._last = 0.0
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True)
        self.run("repogen init", "init", "--suite", "bench", "--architecture", "amd64")
        self.pages(False)

    def run(self, label, *arguments):
        command = [self._settings.repogen, "--root", self.root, *arguments]
        self._log.note(label, command)
        return cost.run(command, self.root)

    def contents(self, value):
        """Sets when Contents is rebuilt. The last table of the file is the suite's."""
        config = self.root / "repogen.toml"
        text = re.sub(r"(?m)^contents\s*=.*\n", "", config.read_text())
        config.write_text(f'{text.rstrip()}\ncontents = "{value}"\n')

    def pages(self, written):
        """Sets whether the pages for people are written."""
        config = self.root / "repogen.toml"
        text, found = re.subn(r"(?m)^enabled\s*=.*$", f"enabled = {str(written).lower()}", config.read_text())
        if found != 1:
            raise cost.Failed(f"{config} has {found} lines `enabled = …`, and should have one")
        config.write_text(text)

    def add(self, *paths):
        return self.run("repogen add" if len(paths) == 1 and paths[0].is_file() else None, "add", *paths)[0]

    def remove(self, deb):
        return self.run("repogen remove", "remove", deb.name.split("_")[0])[0]

    def publish(self):
        """Publishes; returns what it took, with the stages as it printed them."""
        time.sleep(max(0.0, self._last + PACE - time.monotonic()))
        self._last = time.monotonic()
        taken, said = self.run("repogen publish", "publish", "--timings")
        stages = {stage: int(took) for stage, took in STAGE.findall(said.rsplit("bench: ", 1)[-1])}
        if not stages:
            raise cost.Failed(f"repogen publish printed no stages, but:\n{said}")
        return {**taken, "stages": stages}

    def added(self, debs):
        """Adds packages one by one, publishing each."""
        return [{"change": self.add(deb), "publish": self.publish()} for deb in debs]

    def removed(self, debs):
        return [{"change": self.remove(deb), "publish": self.publish()} for deb in debs]

    def within(self, change, debs):
        """The same within a process that lives on; only the publishes are measured."""
        out = self.root / "within.json"
        command = [self._settings.tools / "bench-archive", "publish", self.root, change, *debs]
        self._log.note("within a process", [*command[:4], "DEB..."])
        cost.run(command, self.root, out)
        return [json.loads(line) for line in out.read_text().splitlines()]

    def fill(self, first, count):
        """Places made-up packages in the catalog, without files."""
        cost.run([self._settings.tools / "bench-archive", "fill", self.root, first, count], self.root)

    def index(self, extension=""):
        return self.root / f"dists/bench/main/binary-amd64/Packages{extension}"
