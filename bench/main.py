"""The run: measure, keep the figures, write the report."""
import datetime
import json
import pathlib
import sys
import tempfile

import chart
import cost
import joined
import machine
import peers
import report
import scenarios
import settings as environment


def main(arguments):
    if arguments not in ([], ["--redraw"]):
        raise SystemExit("usage: tools/bench [--redraw]")
    settings = environment.Settings()
    figures = settings.out / "results.json"
    if not arguments:
        try:
            results = measure(settings)
        except cost.Failed as failed:
            raise SystemExit(f"bench: {failed}") from None
        settings.out.mkdir(parents=True, exist_ok=True)
        figures.write_text(one_line_each(results))
    results = json.loads(figures.read_text())
    (settings.out / "results.svg").write_text(chart.draw(results))
    (settings.out / "results.md").write_text(report.write(results))
    print(f"{settings.out}/results.md, results.svg and results.json")
    wrong = joined.too_large(results)
    for sentence in wrong:
        print(f"bench: {sentence}", file=sys.stderr)
    return 1 if wrong else 0


def measure(settings):
    chosen, missing = peers.chosen(settings.peers)
    if missing:
        scenarios.tell(f"not installed, so left out: {' '.join(missing)}")
    settings.work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=settings.work) as folder:
        work = pathlib.Path(folder)
        shorten = {work: "WORK", settings.repogen: "repogen", settings.tools / "bench-archive": "bench-archive", settings.work: "POOLS"}
        if settings.pool:
            shorten |= {settings.pool: "POOL", settings.extra: "EXTRA"}
        log = cost.Log(shorten)
        results = {
            "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d"),
            "machine": {**machine.facts(), "filesystem": machine.filesystem(settings.work)},
            "load": machine.load(),
            "versions": {
                "repogen": machine.of_repogen(settings.repogen),
                **{peer.name: machine.version(peer.package) for peer in chosen},
                **{tool: machine.version(package) for tool, package in COMPRESSORS.items()},
            },
            "missing": missing,
            "source": settings.source(),
            "runs": {"ours": settings.runs, "peers": settings.peer_runs},
        }
        keys = peers.Keys(work / "gnupg") if chosen else None
        try:
            results["pools"] = [scenarios.of_pool(settings, size, chosen, keys, log, work) for size in settings.sizes]
        finally:
            if keys:
                keys.close()
        results["growth"] = [scenarios.of_growth(settings, size, log, work) for size in settings.growth]
        results["load_after"] = machine.load()
        results["commands"] = log.commands
        return results


COMPRESSORS = {"xz": "xz-utils", "gzip": "gzip", "zstd": "zstd"}


def one_line_each(results):
    """JSON that shows in a comparison which run differs: a line for each."""
    text = json.dumps(results, indent=1)
    # What is deepest, a single run, goes on one line.
    return "\n".join(joined_leaves(text.splitlines())) + "\n"


def joined_leaves(lines):
    """Puts an object or a list with no other in it on one line."""
    out, open_at = [], None
    for line in lines:
        out.append(line)
        last = line.rstrip(",")[-1:]
        if last in "{[":
            open_at = len(out) - 1
        elif last in "}]" and open_at is not None:
            leaf = out[open_at:]
            out[open_at:] = [leaf[0] + " ".join(part.strip() for part in leaf[1:])]
            open_at = None
    return out
