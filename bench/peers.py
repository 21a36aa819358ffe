"""Other archive tools, each driven as its manual says, signing with gpg and a key that is thrown away."""
import json
import os
import shutil
import subprocess

import cost

# The kernel bounds the bytes of one command line; so many paths always fit.
ARGUMENTS = 5_000


class Keys:
    """A gpg home with one key in it."""

    def __init__(self, home):
        home.mkdir(mode=0o700)
        self.env = {**os.environ, "GNUPGHOME": str(home)}
        self._gpg("gpg", "--batch", "--quiet", "--passphrase", "", "--quick-generate-key", "bench", "ed25519", "sign", "never")

    def _gpg(self, *command):
        subprocess.run(command, env=self.env, check=True, stderr=subprocess.DEVNULL)

    def close(self):
        self._gpg("gpgconf", "--kill", "all")


class Peer:
    """What all have in common: a folder of their own, and how they run."""

    def __init__(self, root, keys, log):
        self.root, self._keys, self._log = root, keys, log
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True)

    def run(self, label, *command):
        self._log.note(f"{self.name}: {label}" if label else None, command)
        return cost.run(command, self.root, env=self._keys.env)[0]


class AptFtparchive(Peer):
    name, program, package = "apt-ftparchive", "apt-ftparchive", "apt-utils"
    writes = "gz, xz"

    def first(self, pool):
        (self.root / "dists/bench/main/binary-amd64").mkdir(parents=True)
        (self.root / "cache").mkdir()
        shutil.copytree(pool.folder, self.root / "pool", copy_function=link)
        (self.root / "generate.conf").write_text(
            f'Dir {{ ArchiveDir "{self.root}"; CacheDir "{self.root}/cache"; }};\n'
            'Default { Packages::Compress ". gzip xz"; };\n'
            'TreeDefault { Directory "pool"; BinCacheDB "packages-$(ARCH).db"; Contents " ";\n'
            '  Packages "$(DIST)/$(SECTION)/binary-$(ARCH)/Packages"; };\n'
            'Tree "dists/bench" { Sections "main"; Architectures "amd64"; };\n'
        )
        return self._generate()

    def added(self, deb):
        shutil.copy(deb, self.root / "pool")
        return self._generate()

    def removed(self, deb, pool):
        (self.root / "pool" / deb.relative_to(pool.folder)).unlink()
        return self._generate()

    def _generate(self):
        generated = self.run("generate", "apt-ftparchive", "generate", "generate.conf")
        release = self.root / "dists/bench/Release"
        release.unlink(missing_ok=True)
        command = ["apt-ftparchive", "-o", "APT::FTPArchive::Release::Suite=bench", "release", "dists/bench"]
        self._log.note(f"{self.name}: release", command)
        made = self.root / "Release"
        released = cost.run(command, self.root, made, self._keys.env)[0]
        made.rename(release)
        signed = [
            self.run("sign", "gpg", "--batch", "--yes", how, "--output", f"dists/bench/{name}", "dists/bench/Release")
            for how, name in (("--clearsign", "InRelease"), ("-ab", "Release.gpg"))
        ]
        return cost.add(generated, released, *signed)

    def index(self):
        return self.root / "dists/bench/main/binary-amd64/Packages"


class Reprepro(Peer):
    name, program, package = "reprepro", "reprepro", "reprepro"
    writes = "gz, xz"

    def first(self, pool):
        (self.root / "conf").mkdir()
        (self.root / "conf/distributions").write_text(
            "Codename: bench\nComponents: main\nArchitectures: amd64\nSignWith: default\nDebIndices: Packages Release . .gz .xz\n"
        )
        debs = sorted(pool.folder.rglob("*.deb"))
        parts = [debs[at : at + ARGUMENTS] for at in range(0, len(debs), ARGUMENTS)]
        included = [self._reprepro(None, "--export=never", *self.HOW, *part) for part in parts]
        return cost.add(*included, self._reprepro("export", "export", "bench"))

    # Packages that lack a section or a priority would be refused.
    HOW = ("-S", "misc", "-P", "optional", "-C", "main", "includedeb", "bench")

    def added(self, deb):
        return self._reprepro("add", *self.HOW, deb)

    def removed(self, deb, pool):
        return self._reprepro("remove", "remove", "bench", deb.name.split("_")[0])

    def _reprepro(self, label, *arguments):
        return self.run(label, "reprepro", "--basedir", self.root, *arguments)

    def index(self):
        return self.root / "dists/bench/main/binary-amd64/Packages"


class Aptly(Peer):
    name, program, package = "aptly", "aptly", "aptly"
    writes = "gz, bz2"
    HOW = ("-batch", "-skip-contents")

    def first(self, pool):
        config = {"rootDir": str(self.root), "gpgProvider": "gpg", "architectures": ["amd64"]}
        (self.root / "aptly.conf").write_text(json.dumps(config))
        self._aptly(None, "repo", "create", "-distribution=bench", "-component=main", "bench")
        return cost.add(
            self._aptly(None, "repo", "add", "bench", pool.folder),
            self._aptly("publish", "publish", "repo", *self.HOW, "bench"),
        )

    def added(self, deb):
        return cost.add(self._aptly("add", "repo", "add", "bench", deb), self._update())

    def removed(self, deb, pool):
        return cost.add(self._aptly("remove", "repo", "remove", "bench", deb.name.split("_")[0]), self._update())

    def _update(self):
        return self._aptly("publish again", "publish", "update", *self.HOW, "bench")

    def _aptly(self, label, *arguments):
        return self.run(label, "aptly", f"-config={self.root}/aptly.conf", *arguments)

    def index(self):
        return self.root / "public/dists/bench/main/binary-amd64/Packages"


ALL = (AptFtparchive, Reprepro, Aptly)


def chosen(names):
    """Returns the peers that are installed, and the names of those that are not."""
    wanted = [peer for peer in ALL if peer.name in names]
    here = [peer for peer in wanted if shutil.which(peer.program) and shutil.which("gpg")]
    return here, [peer.name for peer in wanted if peer not in here]


def link(source, target):
    """Takes a file into a tree without its bytes, where both are on one disk."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
