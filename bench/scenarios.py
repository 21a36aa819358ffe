"""What is measured, scenario by scenario; each returns plain figures that the report is written from."""
import shutil
import sys

import cost
import joined
import ours
import pools


def tell(message):
    print(f"bench: {message}", file=sys.stderr, flush=True)


def of_pool(settings, size, peers, keys, log, work):
    """Everything that wants real packages, on one pool."""
    pool = pools.get(settings, size)
    tell(f"{pool.size} packages, {pool.bytes / 2**20:.0f} MiB")
    pool.warm()
    found = {"size": pool.size, "pool_mib": round(pool.bytes / 2**20)}
    found["scan"] = scan(settings, pool, peers, log, work)
    found["ours"] = of_ours(settings, pool, log, work)
    found["peers"] = {}
    for peer in peers:
        tell(f"{peer.name}: {pool.size} packages")
        found["peers"][peer.name] = of_peer(peer(work / peer.name, keys, log), settings, pool)
        shutil.rmtree(work / peer.name)
    return found


def of_ours(settings, pool, log, work):
    archive = ours.Archive(settings, log, work / "archive")
    found = {}
    archive.contents("off")
    tell("first publish")
    found["add_all"] = archive.add(pool.folder)
    found["first"] = archive.publish()
    plain = joined.check(archive, work)
    found["plain"] = plain.stat().st_size
    tell("plain compressors")
    found["compressors"] = joined.compare(archive, plain, log)

    # From here on there is a Contents index, and it is not due.
    archive.contents("30d")
    found["first_contents"] = archive.publish()
    tell(f"one added, one removed, {len(pool.added)} times each")
    found["added"] = archive.added(pool.added)
    # What was joined of old and new parts is read by others, too.
    joined.check(archive, work)
    found["removed"] = archive.removed(pool.removed)
    tell("the same within a process")
    found["added_within"] = archive.within("add", pool.added_within)
    found["removed_within"] = archive.within("remove", pool.removed_within)
    joined.check(archive, work)

    tell("Contents")
    archive.contents("always")
    archive.publish()
    found["contents"] = archive.added(pool.added_contents)
    tell("pages")
    archive.contents("30d")
    archive.pages(True)
    found["first_pages"] = archive.publish()
    found["pages"] = archive.added(pool.added_pages)
    shutil.rmtree(archive.root)
    return found


def of_peer(peer, settings, pool):
    runs = settings.peer_runs
    return {
        "writes": peer.writes,
        "first": peer.first(pool),
        "added": [peer.added(deb) for deb in pool.added[:runs]],
        "removed": [peer.removed(deb, pool) for deb in pool.removed[:runs]],
    }


def scan(settings, pool, peers, log, work):
    """A Packages file for a folder, without an archive."""
    tell("scan")
    found = {}
    command = [settings.repogen, "scan", "."]
    log.note("repogen scan", command)
    found["repogen scan"] = [cost.run(command, pool.folder, work / "scan")[0] for _ in range(settings.peer_runs)]
    if any(peer.name == "apt-ftparchive" for peer in peers):
        # The digests that ours prints, and no others: hashing is half of its time.
        command = ["apt-ftparchive", "-o", "APT::FTPArchive::SHA1=false", "-o", "APT::FTPArchive::SHA512=false", "packages", "."]
        log.note("apt-ftparchive packages", command)
        runs = [cost.run(command, pool.folder, work / "scan")[0] for _ in range(settings.peer_runs)]
        found["apt-ftparchive packages"] = runs
    if peers and shutil.which("dpkg-scanpackages") and pool.size <= 2_000:
        # It starts several programs for each package: once, and on a small pool, is enough to see.
        command = ["dpkg-scanpackages", "--multiversion", "."]
        log.note("dpkg-scanpackages", command)
        found["dpkg-scanpackages"] = [cost.run(command, pool.folder, work / "scan")[0]]
    return found


def of_growth(settings, size, log, work):
    """A suite of made-up packages that no file was built for: what publishing costs by size, and its memory."""
    tell(f"{size} packages in the catalog only")
    archive = ours.Archive(settings, log, work / "growth")
    archive.contents("off")
    archive.fill(0, size)
    found = {"size": size, "first": archive.publish(), "added": []}
    # One after the other at the end of the numbers is somewhere in the order of names.
    for number in range(size, size + min(settings.runs, 10)):
        archive.fill(number, 1)
        found["added"].append(archive.publish())
    found["plain"] = plain_size(archive)
    shutil.rmtree(archive.root)
    return found


def plain_size(archive):
    release = (archive.root / "dists/bench/Release").read_text().splitlines()
    sizes = [line.split()[1] for line in release if line.endswith(" main/binary-amd64/Packages")]
    return int(sizes[-1])
