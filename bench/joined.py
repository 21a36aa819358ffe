"""Whether index files that were joined of parts are what a plain compressor would have made of the text: read by others."""
import gzip
import hashlib
import lzma
import shutil
import subprocess

import cost
from settings import MADE_UP

# How each form is made by its own program, with the level that repogen has for it, and how it is checked.
TOOLS = {
    ".xz": (["xz", "-6", "-T1", "-c"], ["xz", "-t"], ["xz", "-dc"]),
    ".gz": (["gzip", "-6", "-c"], ["gzip", "-t"], ["gzip", "-dc"]),
    ".zst": (["zstd", "-9", "-q", "-T1", "-c"], ["zstd", "-q", "-t"], ["zstd", "-q", "-dc"]),
}
PYTHON = {".xz": lzma.decompress, ".gz": gzip.decompress}
# A Packages.xz of many blocks may be so much larger than one of a single block. That is said of real stanzas: made-up ones
# repeat themselves over any distance, which one block of all makes the most of.
MOST = 1.11
# Packages from which on it counts: a smaller index has smaller chunks on purpose.
LARGE = 50_000


def check(archive, work):
    """Reads every form with each program that can; fails when one of them finds other bytes than the Release promises."""
    plain = work / "Packages"
    with open(plain, "wb") as out:
        subprocess.run([*TOOLS[".xz"][2], archive.index(".xz")], stdout=out, check=True)
    text = plain.read_bytes()
    promised = f"{hashlib.sha256(text).hexdigest()} {len(text)} main/binary-amd64/Packages"
    release = " ".join((archive.root / "dists/bench/Release").read_text().split())
    if promised not in release:
        raise cost.Failed("the Release has another digest of Packages than what `xz -dc` makes of Packages.xz")
    for extension, (_, test, decompress) in TOOLS.items():
        if not shutil.which(test[0]):
            continue
        file = archive.index(extension)
        subprocess.run([*test, file], check=True)
        if subprocess.run([*decompress, file], stdout=subprocess.PIPE, check=True).stdout != text:
            raise cost.Failed(f"`{' '.join(decompress)}` reads other text from Packages{extension}")
        if extension in PYTHON and PYTHON[extension](file.read_bytes()) != text:
            raise cost.Failed(f"Python reads other text from Packages{extension}")
    return plain


def compare(archive, plain, log):
    """What the plain compressors take for the same text, and how large theirs is."""
    found = {}
    for extension, (compress, _, _) in TOOLS.items():
        if not shutil.which(compress[0]):
            continue
        out = plain.with_suffix(extension)
        log.note(f"compress {extension}", [*compress, plain])
        taken = cost.run([*compress, plain], plain.parent, out)[0]
        found[extension] = {**taken, "size": out.stat().st_size, "ours": archive.index(extension).stat().st_size}
        out.unlink()
    return found


def too_large(results):
    """What is wrong with the sizes, one sentence each; nothing where stanzas were made up."""
    if results["source"] == MADE_UP:
        return []
    large = [pool for pool in results["pools"] if pool["size"] >= LARGE]
    sizes = [(pool["size"], pool["ours"]["compressors"][".xz"]) for pool in large]
    return [
        f"Packages.xz of {packages:,} packages is {xz['ours'] / xz['size']:.3f} times the size of what `xz -6` makes of it; {MOST} is allowed"
        for packages, xz in sizes
        if xz["ours"] > MOST * xz["size"]
    ]
