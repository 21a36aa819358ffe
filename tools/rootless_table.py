"""The table of a document that says which programs gave their answers where: see tools/rootless-matrix."""

WAYS = ["namespaces", "followed", "neither"]
# In the order of their columns.
RELEASES = ["bookworm", "trixie"]
# How a line begins that counts the answers of a release.
COUNTED = "Packages of"


class Table:
    """What is known of each program, by release and column, as the cells of a table of Markdown."""

    PROGRAM, SIZE, SECONDS = "program", "MB", "seconds to install"

    def __init__(self):
        self.cells = {}

    def read(self, lines):
        """Takes what a table says; results of other machines and days are in no file but this one."""
        rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines]
        columns = []
        release = ""
        for title in rows[0][1:]:
            before, colon, column = title.rpartition(": ")
            release = before if colon else release
            columns.append((release, column))
        for name, *cells in rows[2:]:
            for (release, column), cell in zip(columns, cells):
                if cell:
                    self.put(release, name, column, cell)

    def add(self, release, rows):
        """Adds results, which take the place of older ones."""
        for row in rows:
            name = row["name"]
            self.put(release, name, row["way"], "yes" if row["answered"] else "**no**")
            # The first way is the one that unpacks.
            if row["way"] == min((other["way"] for other in rows if other["name"] == name), key=WAYS.index):
                self.put(release, name, self.SIZE, str(row["megabytes"]))
                self.put(release, name, self.SECONDS, f"{row['seconds']:.0f}")

    def put(self, release, name, column, cell):
        self.cells.setdefault(release, {}).setdefault(name, {})[column] = cell

    def columns(self, release):
        has = {column for cells in self.cells[release].values() for column in cells}
        return [column for column in [*WAYS, self.SIZE, self.SECONDS] if column in has]

    def lines(self):
        """Returns the table, with a count for each release below it."""
        releases = sorted(self.cells, key=lambda release: RELEASES.index(release) if release in RELEASES else len(RELEASES))
        columns = [(release, column) for release in releases for column in self.columns(release)]
        titles = [f"{release}: {column}" if column == self.columns(release)[0] else column for release, column in columns]
        lines = [f"| {' | '.join([self.PROGRAM, *titles])} |", "|---" * (len(columns) + 1) + "|"]
        names = {name for cells in self.cells.values() for name in cells}
        for name in sorted(names, key=str.lower):
            cells = [self.cells[release].get(name, {}).get(column, "") for release, column in columns]
            lines.append(f"| {' | '.join([name, *cells])} |")
        return [*lines, "", *map(self.count, releases)]

    def count(self, release):
        counts = []
        for way in (column for column in self.columns(release) if column in WAYS):
            marks = [cells[way] for cells in self.cells[release].values() if way in cells]
            counts.append(f"{way} {marks.count('yes')} of {len(marks)}")
        return f"{COUNTED} {release}, right answers: {', '.join(counts)}."


def written(text, release, rows):
    """Returns the text of a document with results in its table. What stands around the table stays; a document without one gets it at its end."""
    lines = text.splitlines()
    table = Table()
    begin = next((at for at, line in enumerate(lines) if line.startswith(f"| {Table.PROGRAM} |")), len(lines))
    end = next((at for at, line in enumerate(lines[begin:], begin) if not line.startswith("|")), len(lines))
    if begin < end:
        table.read(lines[begin:end])
    # The counts are part of it.
    after = end
    while after < len(lines) and (not lines[after] or lines[after].startswith(COUNTED)):
        after += 1
    table.add(release, rows)
    before = lines[:begin] if begin == 0 or not lines[begin - 1] else [*lines[:begin], ""]
    rest = ["", *lines[after:]] if after < len(lines) else []
    return "\n".join([*before, *table.lines(), *rest]) + "\n"
