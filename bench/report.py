"""The figures as Markdown."""
from cost import add, median, part, percentile

INTRO = """# Results

Written by `make bench`; [README.md](README.md) says what is measured, and how. CPU is user and system time of a process and
its children. p95 is the 95th percentile by nearest rank.
"""


def write(results):
    parts = [INTRO, machine(results), "![One package added, and publishing by size](results.svg)"]
    for pool in results["pools"]:
        parts += [f"## {pool['size']:,} packages", one_change(pool), stages(pool), first(pool), sizes(pool), whole(pool), scan(pool)]
    parts += growth(results["growth"])
    parts += ["## Commands", commands(results["commands"])]
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def machine(results):
    facts = results["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in results["versions"].items())
    missing = f"- not installed, so left out: {', '.join(results['missing'])}\n" if results["missing"] else ""
    return (
        f"- {results['date']}, {facts['processor']}, {facts['cores']} cores, {facts['memory']}, {facts['filesystem']}, "
        f"Linux {facts['kernel']}, {facts['system']}; load {results['load']} before and {results['load_after']} after\n"
        f"- {versions}\n{missing}"
        f"- packages: {results['source']}; {results['runs']['ours']} runs of repogen, {results['runs']['peers']} of the others"
    )


def table(head, rows):
    lines = [f"| {' | '.join(head)} |", f"| --- | {' | '.join('---:' for _ in head[1:])} |"]
    return "\n".join(lines + [f"| {' | '.join(row)} |" for row in rows])


def number(value):
    """Enough digits to compare by, and no more."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def spread(costs):
    """Median and p95 of CPU and wall."""
    return [
        number(value)
        for name in ("cpu", "wall")
        for value in (median(part(costs, name)), percentile(part(costs, name), 0.95))
    ]


def memory(costs):
    peak = max(cost.get("memory", 0) for cost in costs)
    return number(peak) if peak else ""


def moved(costs):
    """Medians of what was read and written, where that is known."""
    return [number(median(part(costs, kind))) if kind in costs[0] else "" for kind in ("read", "written")]


def publishes(runs):
    return [run["publish"] for run in runs]


def changes(runs):
    return [run["change"] for run in runs]


def totals(runs):
    return [add(run["change"], run["publish"]) for run in runs]


def one_change(pool):
    ours = pool["ours"]
    rows = [
        ("`repogen publish`, one added", publishes(ours["added"])),
        ("`repogen publish`, one removed", publishes(ours["removed"])),
        ("the same within a process, one added", ours["added_within"]),
        ("the same within a process, one removed", ours["removed_within"]),
        ("`repogen publish` with Contents, one added", publishes(ours["contents"])),
        ("`repogen publish` with pages, one added", publishes(ours["pages"])),
        ("`repogen add`", changes(ours["added"])),
        ("`repogen remove`", changes(ours["removed"])),
    ]
    rows = [[name, str(len(costs)), *spread(costs), memory(costs), *moved(costs), "", ""] for name, costs in rows if costs]
    for change, verb in (("added", "add"), ("removed", "remove")):
        both = totals(ours[change])
        rows.append([f"**repogen {verb} + publish**", str(len(both)), *spread(both), memory(both), "", "", "1", "1"])
        for name, peer in pool["peers"].items():
            costs = peer[change]
            times = [f"{median(part(costs, kind)) / median(part(both, kind)):,.1f}" for kind in ("cpu", "wall")]
            rows.append([f"{name} ({peer['writes']}), one {change}", str(len(costs)), *spread(costs), memory(costs), "", "", *times])
    head = ["one package", "runs", "CPU ms", "p95", "wall ms", "p95", "peak MiB", "read MiB", "written MiB", "× our CPU", "× our wall"]
    note = (
        "A signed InRelease on disk, everything synced; Contents is not due, and no pages are written, but in the rows that say so. Read and "
        "written: medians of what system calls moved, copies within the kernel included."
    )
    return f"### One package added, one removed\n\n{note}\n\n{table(head, rows)}"


def stages(pool):
    ours = pool["ours"]
    kinds = [
        ("one added", publishes(ours["added"])),
        ("one added, within a process", ours["added_within"]),
        ("one removed", publishes(ours["removed"])),
        ("one added, with Contents", publishes(ours["contents"])),
        ("one added, with pages", publishes(ours["pages"])),
        ("first publish", [ours["first"]]),
    ]
    kinds = [(name, [cost["stages"] for cost in costs]) for name, costs in kinds if costs]
    names = list(dict.fromkeys(stage for _, runs in kinds for run in runs for stage in run))
    rows = [[name, *(number(median([run.get(stage, 0) for run in runs])) for stage in names)] for name, runs in kinds]
    return f"Where the time of a publish goes, in milliseconds of wall, medians:\n\n{table(['', *names], rows)}"


def first(pool):
    ours, plain = pool["ours"]["first"], pool["ours"]["compressors"]
    total = sum(cost["cpu"] for cost in plain.values())
    pages = pool["ours"]["first_pages"]
    kinds = (("Contents off, no pages", ours), ("pages for the first time, indexes unchanged", pages))
    rows = [[f"`repogen publish`, {kind}", *(number(cost[part]) for part in ("cpu", "wall", "memory"))] for kind, cost in kinds]
    rows += [
        [f"plain `{tool}`", number(cost["cpu"]), number(cost["wall"]), number(cost["memory"])]
        for tool, cost in zip(("xz -6", "gzip -6", "zstd -9"), plain.values())
    ]
    said = (
        f"Its CPU is {ours['cpu'] / total:.2f} of what the plain compressors take together for the same text; "
        f"{ours['cpu'] / ours['wall']:.2f} cores were busy."
    )
    return f"### First publish, from nothing\n\n{table(['', 'CPU ms', 'wall ms', 'peak MiB'], rows)}\n\n{said}"


def sizes(pool):
    ours = pool["ours"]
    rows = [
        [f"Packages{extension}", f"{sizes['ours']:,}", f"{sizes['size']:,}", f"{sizes['ours'] / sizes['size']:.3f}"]
        for extension, sizes in ours["compressors"].items()
    ]
    note = (
        f"Packages has {ours['plain']:,} bytes. The joined files passed `xz -t`, `gzip -t` and `zstd -t`, and gave the same bytes to "
        "`xz -dc`, `gzip -dc`, `zstd -dc`, and Python's lzma and gzip: after the first publish, after those of one added package "
        "each, and after those of one removed."
    )
    return f"{note}\n\n{table(['', 'joined', 'in one piece', 'ratio'], rows)}"


def whole(pool):
    ours = pool["ours"]
    rows = [["repogen add + publish", add(ours["add_all"], ours["first"])]]
    rows += [[name, peer["first"]] for name, peer in pool["peers"].items()]
    both = rows[0][1]
    rows = [
        [name, number(cost["cpu"] / 1000), number(cost["wall"] / 1000), number(cost["memory"]),
         *(f"{cost[kind] / both[kind]:.2f}" for kind in ("cpu", "wall"))]
        for name, cost in rows
    ]  # fmt: skip
    head = ["", "CPU s", "wall s", "peak MiB", "× our CPU", "× our wall"]
    return f"### All packages into a new, signed archive\n\n{table(head, rows)}"


def scan(pool):
    runs = pool["scan"]
    ours = runs["repogen scan"]
    rows = [
        [f"`{name}`", *(number(median(part(costs, kind)) / 1000) for kind in ("cpu", "wall")), memory(costs),
         *(f"{median(part(costs, kind)) / median(part(ours, kind)):.2f}" for kind in ("cpu", "wall"))]
        for name, costs in runs.items()
    ]  # fmt: skip
    return f"### A Packages file for a folder\n\n{table(['', 'CPU s', 'wall s', 'peak MiB', '× our CPU', '× our wall'], rows)}"


def growth(suites):
    if not suites:
        return []
    rows = [
        [f"{suite['size']:,}", f"{suite['plain'] / 2**20:,.1f}", *spread(suite["added"]), memory(suite["added"]), *moved(suite["added"]),
         number(suite["first"]["cpu"] / 1000), number(suite["first"]["wall"] / 1000), number(suite["first"]["memory"])]
        for suite in suites
    ]  # fmt: skip
    head = ["packages", "Packages MiB", "CPU ms", "p95", "wall ms", "p95", "peak MiB", "read MiB", "written MiB", "first CPU s", "first wall s", "first peak MiB"]
    note = "`repogen publish` after one package was added, and the first publish; made-up packages, no Contents."
    return ["## By size", note, table(head, rows)]


def commands(labelled):
    lines = "\n".join(f"{label + ':':32} {command}" for label, command in labelled.items())
    return f"```text\n{lines}\n```"
