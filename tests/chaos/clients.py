"""Clients that upload packages to nginx, as CI jobs do: what is not answered with success is sent again."""

import base64
import http.client
import queue
import random
import threading
import time

from deb import deb

# How long a client goes on with one package before that counts as a fault.
PATIENCE = 180
# Above 8 MiB the uploader sends a file to the bucket in parts.
LARGE = 9 * 1024 * 1024


class Clients:
    """Uploads `packages` packages by `count` clients within `seconds`, evenly."""

    def __init__(self, port, token, packages, count, seconds):
        self.port = port
        self.authorization = "Basic " + base64.b64encode(f"ci:{token}".encode()).decode()
        self.acknowledged = {}
        self.faults = []
        self.repeated = 0
        self.slowest = 0.0
        self.begun = time.monotonic()
        self.last = self.begun
        self.lock = threading.Lock()
        self.waiting = queue.SimpleQueue()
        for number in range(packages):
            self.waiting.put((number, self.begun + number * seconds / packages))
        self.threads = [threading.Thread(target=self.work, daemon=True) for _ in range(count)]
        for thread in self.threads:
            thread.start()

    def is_done(self):
        return not any(thread.is_alive() for thread in self.threads)

    def work(self):
        while True:
            try:
                number, due = self.waiting.get_nowait()
            except queue.Empty:
                return
            time.sleep(max(0.0, due - time.monotonic()))
            # Several names of many versions, as teams have them, beside names of their own.
            name = f"chaos-{number % 1000:04}"
            self.upload(name, f"1.{number // 1000}", LARGE if number % 300 == 299 else 2000)

    def upload(self, name, version, size):
        body = deb(name, version, size)
        begun = time.monotonic()
        wait = "?wait=published" if random.random() < 0.1 else ""
        answer = None
        while time.monotonic() - begun < PATIENCE:
            answer = self.put(f"/api/upload/stable/{name}_{version}_all.deb{wait}", body)
            if answer in (200, 201, 202):
                break
            with self.lock:
                self.repeated += 1
                if isinstance(answer, int) and answer < 500 and answer != 429:
                    self.faults.append(f"{name} {version} was answered {answer}")
                    return
            time.sleep(1 + random.random())
        with self.lock:
            self.last = time.monotonic()
            self.slowest = max(self.slowest, self.last - begun)
            if answer in (200, 201, 202):
                self.acknowledged[name, version] = self.last
            else:
                self.faults.append(f"{name} {version} was not taken within {PATIENCE} s; at last: {answer}")

    def put(self, path, body):
        """Returns the status, or why there is no answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=100)
        try:
            connection.request("PUT", path, body, {"Authorization": self.authorization})
            answer = connection.getresponse()
            answer.read()
            return answer.status
        except (OSError, http.client.HTTPException) as error:
            return f"{type(error).__name__}: {error}"
        finally:
            connection.close()
