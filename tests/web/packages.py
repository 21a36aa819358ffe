"""Makes the packages of the archive that the browser looks at. usage: packages.py FOLDER"""

import os
import subprocess
import sys
import tempfile

# Name, version, architecture, section, relations, summary, description, paths.
PACKAGES = [
    ("weather-station", "2.4.0-1", "amd64", "science", "Depends: libweather2 (>= 2.0), python3-weather, libc6 (>= 2.36)\nRecommends: weather-station-doc\nSuggests: rain-gauge | wind-gauge",
     "reads weather stations and keeps what they measure",
     "The daemon reads stations over serial lines, USB and the network, and\n keeps what they measure in a database of its own.\n .\n Stations that it knows:\n   * Davis Vantage Pro and Vue\n   * Ecowitt GW1000, GW2000\n   * anything that speaks MQTT\n .\n It does without a desktop and without an account anywhere.",
     ["usr/bin/weather-station", "usr/lib/systemd/system/weather-station.service", "etc/weather-station.toml", "usr/share/doc/weather-station/copyright"]),
    ("weather-station", "2.4.0-1", "arm64", "science", "Depends: libweather2 (>= 2.0), python3-weather, libc6 (>= 2.36)\nRecommends: weather-station-doc\nSuggests: rain-gauge | wind-gauge",
     "reads weather stations and keeps what they measure", "The daemon reads stations.", ["usr/bin/weather-station"]),
    ("weather-station-doc", "2.4.0-1", "all", "doc", "", "documentation of weather-station", "Manual and protocol notes.", ["usr/share/doc/weather-station/manual.html"]),
    ("libweather2", "2.1.3-2", "amd64", "libs", "Depends: libc6 (>= 2.36)", "library that decodes the telegrams of weather stations", "Shared library.", ["usr/lib/x86_64-linux-gnu/libweather.so.2.1.3"]),
    ("libweather-dev", "2.1.3-2", "amd64", "libdevel", "Depends: libweather2 (= 2.1.3-2)", "library that decodes the telegrams of weather stations (headers)", "Headers.", ["usr/include/weather.h"]),
    ("python3-weather", "1.9.0-1", "all", "python", "Depends: python3 (>= 3.11), libweather2", "Python bindings of libweather", "Import weather and go.", ["usr/lib/python3/dist-packages/weather/__init__.py"]),
    ("rain-gauge", "0.8.2-1", "all", "science", "Depends: python3-weather", "rain gauge of tipping buckets on GPIO pins", "Counts tips.", ["usr/bin/rain-gauge"]),
    ("wind-gauge", "1.1.0-1", "all", "science", "Depends: python3-weather", "wind gauge with direction and gusts", "Counts turns.", ["usr/bin/wind-gauge"]),
    ("mqtt-logger", "3.0.1-1", "amd64", "net", "Depends: libc6, libmosquitto1", "logs MQTT topics to files and databases", "Logs what it hears.", ["usr/bin/mqtt-logger"]),
    ("sensor-hub", "5.2.0+ds-1", "arm64", "electronics", "Depends: libweather2, mqtt-logger", "collects sensors on I2C, SPI and 1-Wire", "One daemon for all of them.", ["usr/bin/sensor-hub"]),
    ("tide-tables", "2026.1-1", "all", "science", "", "tides of European harbours, computed on this machine", "Harmonics and a program.", ["usr/bin/tides"]),
    ("fonts-meteo", "1.0-3", "all", "fonts", "", "weather symbols as a font", "Symbols.", ["usr/share/fonts/truetype/meteo.ttf"]),
    ("g++-weather", "12-1", "amd64", "devel", "Depends: libweather-dev", "C++ examples for libweather", "Examples.", ["usr/share/doc/g++-weather/example.cc"]),
]
OLD = [("weather-station", "2.3.1-1", "amd64"), ("weather-station", "2.3.1-1", "arm64"), ("libweather2", "2.1.3-1", "amd64")]
EVIL = ("evil-field", "1.0", "all", "misc", "", "<script>document.title='owned'</script>\"'><b onmouseover=alert(1)>", "<img src=x onerror=\"document.title='owned'\">", ["usr/share/<b>evil</b>"])


def build(folder, package):
    name, version, architecture, section, relations, summary, description, paths = package
    os.makedirs(folder, exist_ok=True)
    with tempfile.TemporaryDirectory() as root:
        os.mkdir(f"{root}/DEBIAN")
        relations = relations + "\n" if relations else ""
        with open(f"{root}/DEBIAN/control", "w", encoding="utf-8") as control:
            control.write(
                f"Package: {name}\nVersion: {version}\nArchitecture: {architecture}\nMaintainer: Weather Packagers <packages@example.org>\n"
                f"Section: {section}\nPriority: optional\nHomepage: https://example.org/{name}\nInstalled-Size: 180\n{relations}"
                f"Description: {summary}\n {description}\n"
            )
        for path in paths:
            os.makedirs(os.path.dirname(f"{root}/{path}"), exist_ok=True)
            with open(f"{root}/{path}", "w", encoding="utf-8") as file:
                file.write(f"{path}\n" * 40)
        subprocess.run(["dpkg-deb", "--root-owner-group", "-Zgzip", "--build", root, f"{folder}/{name}_{version}_{architecture}.deb"], check=True, stdout=subprocess.DEVNULL)


def main(folder):
    of = {(name, architecture): package for package in PACKAGES for name, _, architecture in [package[:3]]}
    for name, version, architecture in OLD:
        build(f"{folder}/old", (name, version, *of[name, architecture][2:]))
    for package in PACKAGES:
        build(f"{folder}/new", package)
    build(f"{folder}/old", EVIL)
    # Enough of one letter for a list that is divided.
    for at in range(160):
        name = f"lib{'abcdefgh'[at % 8]}{at:03}-perl"
        build(f"{folder}/old", (name, "1.0-1", "all", "perl", "", f"Perl module number {at}", "A module.", [f"usr/share/perl5/M{at}.pm"]))
    # For the console: two versions to upload, and packages to promote, one of which needs what is nowhere.
    for version in ["1.0", "2.0"]:
        build(f"{folder}/console", ("tool", version, "all", "misc", "", "a tool", "Does things.", [f"usr/share/tool/{version}"]))
    with open(f"{folder}/console/broken_1.0_all.deb", "wb") as file:
        file.write(b"!<arch>\nno package\n")
    build(f"{folder}/internal", ("needy", "1.0", "all", "misc", "Depends: nowhere", "needs what is nowhere", "Needs.", ["usr/bin/needy"]))
    build(f"{folder}/internal", ("useful", "1.0", "all", "misc", "", "is of use", "Use it.", ["usr/bin/useful"]))
    build(f"{folder}/internal", ("secret-sauce", "1.0", "all", "misc", "", "nobody may see this", "Hidden.", ["usr/bin/secret"]))


main(sys.argv[1])
