"""What readers see during a chaos run: the live InRelease, and apt behind a cache that is late."""

import email.utils
import http.client
import re
import threading
import time

from containers import only, run

DATE = re.compile(rb"^Date: (.*)$", re.MULTILINE)


def get(port, path, tag=None):
    """Returns the status, the bytes and the ETag of a file; 304 where it still has `tag`."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", path, headers={"If-None-Match": tag} if tag else {})
        answer = connection.getresponse()
        return answer.status, answer.read(), answer.getheader("ETag")
    finally:
        connection.close()


class LiveRelease:
    """Asks for InRelease each second, and notes when its Date rose."""

    def __init__(self, port):
        self.port = port
        self.seen = []
        self.faults = []
        self.unanswered = 0
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.thread.start()

    def watch(self):
        tag = None
        while not self.stopped.wait(1):
            try:
                status, text, tag = get(self.port, "/dists/stable/InRelease", tag)
            except (OSError, http.client.HTTPException):
                status, text = 0, b""
            if status == 304:
                continue
            found = DATE.search(text)
            if status != 200 or not found:
                self.unanswered += 1
                continue
            date = email.utils.parsedate_to_datetime(found[1].decode()).timestamp()
            if self.seen and date < self.seen[-1][1]:
                self.faults.append(f"Date went back from {self.seen[-1][1]} to {date}")
            if not self.seen or date != self.seen[-1][1]:
                self.seen.append((time.monotonic(), date))

    def stop(self):
        self.stopped.set()
        self.thread.join()

    def standstills(self, begin, end):
        """Returns for how long nothing new came, each time, between two moments."""
        times = [begin] + [at for at, _ in self.seen if begin < at < end] + [end]
        return [(later - earlier, earlier) for earlier, later in zip(times, times[1:])]


def rounds_of_apt(service):
    """Returns how many rounds apt made in a container, and what was wrong in those that failed."""
    log = run("docker", "logs", only(service), stderr=None)
    good, faults, date, packages = 0, [], 0, 0
    for line in log.splitlines():
        word, _, rest = line.partition(" ")
        if word == "round":
            good += 1
            now_date, now_packages = (int(number) for number in rest.split())
            if now_date < date:
                faults.append(f"{service}: Date went back from {date} to {now_date}")
            if now_packages < packages:
                faults.append(f"{service}: {packages} packages became {now_packages}")
            date, packages = now_date, now_packages
        elif word == "failed":
            faults.append(f"{service}: {rest}")
    return good, faults
