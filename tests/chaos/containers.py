"""The containers of a chaos run: the compose files, and what is asked of Docker beside them."""

import os
import subprocess
import sys
import threading

PROJECT = "archive-chaos"
FILES = ["compose.scale.yaml", "compose.store.yaml", "tests/chaos/compose.yaml"]
COMPOSE = ["docker", "compose"] if subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode == 0 else ["docker-compose"]


def run(*command, check=True, timeout=300, **more):
    """Runs a command and returns what it printed; fails with what it said."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False, **more)
    if check and done.returncode != 0:
        sys.exit(f"test-chaos: {' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout.strip()


def compose(*arguments, **more):
    files = [part for file in FILES for part in ("--file", file)]
    return run(*COMPOSE, "--project-name", PROJECT, "--project-directory", ".", *files, *arguments, **more)


def settings(port):
    """Sets the variables of the compose files: the bucket is that of the store, by way of what makes it fail."""
    with open("tools/store/environment", encoding="utf-8") as file:
        os.environ.update(line.strip().split("=", 1) for line in file if "=" in line)
    os.environ.update(AWS_ENDPOINT_URL="http://faults:5000", POSTGRES_PASSWORD="secret", ARCHIVE_URL="http://cache", PORT=str(port), PROGRAMS="built")


def of_service(service):
    """Returns the running containers of a service, by short id."""
    labels = [f"label=com.docker.compose.project={PROJECT}", f"label=com.docker.compose.service={service}"]
    return run("docker", "ps", "--quiet", *(part for label in labels for part in ("--filter", label))).split()


def only(service):
    found = of_service(service)
    if len(found) != 1:
        sys.exit(f"test-chaos: {len(found)} containers of {service} run")
    return found[0]


class Database:
    """A session of psql that stays open: a question takes milliseconds, not a process."""

    def __init__(self):
        self.container = only("database")
        self.lock = threading.Lock()
        self.connect()

    def connect(self):
        self.psql = subprocess.Popen(
            ["docker", "exec", "--interactive", "--env", "PGPASSWORD=secret", self.container, "psql", "--host", "127.0.0.1", "--username", "archive"]
            + ["--no-align", "--tuples-only", "--quiet", "archive"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def ask(self, sql):
        """Returns the rows of an answer; nothing while the server is away."""
        with self.lock:
            try:
                self.psql.stdin.write(f"{sql};\n\\echo --end--\n")
                self.psql.stdin.flush()
                rows = []
                while (line := self.psql.stdout.readline()) != "--end--\n":
                    if not line:
                        raise BrokenPipeError
                    rows.append(line.strip())
                return rows
            except OSError:
                self.psql.kill()
                self.psql.wait()
                self.connect()
                return []

    def holder(self):
        """Returns the container that publishes now."""
        rows = self.ask("select holder from publish_lease where holder is not null and expires_at > now()")
        # A container's host name is its short id: `HOST process 1`.
        return rows[0].split()[0] if rows else None
