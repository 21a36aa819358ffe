"""The figures as a picture: bars for one added package, lines for what a publish costs by size. SVG, made by hand."""
import math
from html import escape

from cost import add, median, part
from report import publishes

WIDTH, LEFT, RIGHT = 860, 190, 90
COLOURS = {"repogen": "#b3123c", "apt-ftparchive": "#7a8793", "reprepro": "#4b6f9e", "aptly": "#3f8f74"}
STYLE = "text{font:13px system-ui,sans-serif;fill:#1f2933}.title{font-weight:600;font-size:15px}.small{font-size:11.5px;fill:#52606d}"


def draw(results):
    """Returns the whole picture."""
    y, shapes = 0, []
    if results["pools"]:
        pool = max(results["pools"], key=lambda pool: pool["size"])
        shapes.append(text(24, y + 34, f"One package added to a suite of {pool['size']:,}, until it is published", "title"))
        shapes.append(text(24, y + 53, "milliseconds of CPU (solid) and wall time (light), logarithmic; medians", "small"))
        y = draw_bars(shapes, bars_of(pool), y + 70)
    lines = lines_of(results)
    if lines:
        shapes.append(text(24, y + 34, "One package added, by the size of the suite", "title"))
        shapes.append(text(24, y + 53, "milliseconds of CPU, both axes logarithmic; medians", "small"))
        y = draw_lines(shapes, lines, y + 74, 250)
    facts = results["machine"]
    caption = f"{results['date']} · {facts['processor']}, {facts['cores']} cores, {facts['memory']}, {facts['filesystem']}"
    versions = " · ".join(f"{name} {results['versions'][name]}" for name in COLOURS if name in results["versions"])
    shapes += [text(24, y + 50, caption, "small"), text(24, y + 67, versions, "small")]
    height = y + 84
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img">\n'
        f'<title>What publishing one package costs</title>\n<style>{STYLE}</style>\n<rect width="100%" height="100%" fill="#fff"/>\n'
        + "\n".join(shapes)
        + "\n</svg>\n"
    )


def bars_of(pool):
    """(name, key of its colour, CPU, wall) of each bar."""
    ours = pool["ours"]
    kinds = [
        ("publish, in a process", "repogen", ours["added_within"]),
        ("repogen publish", "repogen", publishes(ours["added"])),
        ("repogen add + publish", "repogen", [add(run["change"], run["publish"]) for run in ours["added"]]),
        *((name, name, peer["added"]) for name, peer in pool["peers"].items()),
    ]
    return [(label, name, *(median(part(costs, kind)) for kind in ("cpu", "wall"))) for label, name, costs in kinds]


def lines_of(results):
    """Points (packages, CPU) of each tool: of pools, and for repogen also of suites that are in the catalog only."""
    points = {"repogen": [(suite["size"], median(part(suite["added"], "cpu"))) for suite in results["growth"]]}
    for pool in results["pools"]:
        if not results["growth"]:
            points["repogen"].append((pool["size"], median(part(publishes(pool["ours"]["added"]), "cpu"))))
        for name, peer in pool["peers"].items():
            points.setdefault(name, []).append((pool["size"], median(part(peer["added"], "cpu"))))
    return {name: sorted(found) for name, found in points.items() if found}


def decades(values):
    """The powers of ten around the values."""
    low = math.floor(math.log10(min(values)))
    return low, max(low + 1, math.ceil(math.log10(max(values))))


def draw_bars(shapes, bars, top):
    low, high = decades([value for _, _, cpu, wall in bars for value in (cpu, wall)])
    scale = (WIDTH - LEFT - RIGHT) / (high - low)
    bottom = top + 42 * len(bars)
    for power in range(low, high + 1):
        x = LEFT + scale * (power - low)
        shapes += [line(x, top, x, bottom, "#d9dee3"), text(x, bottom + 16, number(10**power), "small", "middle")]
    for at, (label, name, *values) in enumerate(bars):
        y = top + 42 * at + 5
        shapes.append(text(LEFT - 10, y + 20, label, "", "end"))
        for row, (value, opacity) in enumerate(zip(values, (1, 0.45))):
            width = max(2, scale * (math.log10(value) - low))
            shapes.append(
                f'<rect x="{LEFT}" y="{y + 16 * row}" width="{width:.1f}" height="14" rx="2" '
                f'fill="{COLOURS[name]}" fill-opacity="{opacity}"/>'
            )
            shapes.append(text(LEFT + width + 6, y + 16 * row + 11.5, number(value), "small"))
    return bottom + 16


def draw_lines(shapes, lines, top, height):
    points = [point for line in lines.values() for point in line]
    (x_low, x_high), (y_low, y_high) = (decades([point[axis] for point in points]) for axis in (0, 1))
    left, right = 70, WIDTH - 150

    def place(size, cost):
        x = left + (math.log10(size) - x_low) / (x_high - x_low) * (right - left)
        return x, top + height - (math.log10(cost) - y_low) / (y_high - y_low) * height

    for power in range(x_low, x_high + 1):
        x, _ = place(10**power, 10**y_low)
        shapes += [line(x, top, x, top + height, "#d9dee3"), text(x, top + height + 17, number(10**power), "small", "middle")]
    for power in range(y_low, y_high + 1):
        _, y = place(10**x_low, 10**power)
        shapes += [line(left, y, right, y, "#d9dee3"), text(left - 8, y + 4, number(10**power), "small", "end")]
    shapes.append(text((left + right) / 2, top + height + 34, "packages in the suite", "small", "middle"))
    labels = []
    for name, found in lines.items():
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in found))
        shapes.append(f'<polyline points="{path}" fill="none" stroke="{COLOURS[name]}" stroke-width="2"/>')
        for point in found:
            x, y = place(*point)
            shapes.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{COLOURS[name]}"/>')
        labels.append((place(*found[-1])[1], name, place(*found[-1])[0]))
    draw_labels(shapes, labels)
    return top + height + 17


def draw_labels(shapes, labels):
    """Names beside the last points, moved down where two would stand on each other."""
    last = -math.inf
    for y, name, x in sorted(labels):
        last = max(y + 4, last + 15)
        shapes.append(text(x + 10, last, name))


def number(value):
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}" if value >= 1 else f"{value:.2g}"


def text(x, y, content, kind="", anchor="start"):
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">{escape(content)}</text>'


def line(x1, y1, x2, y2, colour):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"/>'
