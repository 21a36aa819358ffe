"""Builds small packages in memory: thousands of them, without a process for each."""

import gzip
import io
import random
import tarfile

TIME = 1_700_000_000


def tar(path, content):
    """Returns a gzipped tar archive with one file, and the folders that it is in."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as archive:
        parts = path.split("/")
        for depth in range(1, len(parts)):
            folder = tarfile.TarInfo("/".join(parts[:depth]) + "/")
            folder.type, folder.mode, folder.mtime = tarfile.DIRTYPE, 0o755, TIME
            archive.addfile(folder)
        member = tarfile.TarInfo(path)
        member.size, member.mtime = len(content), TIME
        archive.addfile(member, io.BytesIO(content))
    return gzip.compress(packed.getvalue(), compresslevel=1, mtime=0)


def ar(members):
    """Returns an ar archive of (name, bytes), as dpkg writes it."""
    packed = b"!<arch>\n"
    for name, content in members:
        header = f"{name:<16}{TIME:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n"
        packed += header.encode() + content + b"\n" * (len(content) % 2)
    return packed


def deb(name, version, size):
    """Returns a package with one file of `size` bytes that no compressor makes smaller: the same bytes for the same name and version."""
    control = (
        f"Package: {name}\nVersion: {version}\nArchitecture: all\nMaintainer: Chaos <chaos@example.org>\n"
        f"Section: misc\nPriority: optional\nDescription: package of a chaos run\n"
    )
    content = random.Random(f"{name}_{version}").randbytes(size)
    return ar(
        [
            ("debian-binary", b"2.0\n"),
            ("control.tar.gz", tar("./control", control.encode())),
            ("data.tar.gz", tar(f"./usr/share/{name}/content", content)),
        ]
    )
