"""Gives the console something to show on each page: webhooks with deliveries, quotas and trusted publishers. usage: fill_console.py TOKEN"""

import http.server
import json
import os
import sys
import threading
import time
import urllib.request

URL = os.environ["CONSOLE_URL"]


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(204 if self.path == "/hook" else 500)
        self.end_headers()

    def log_message(self, *_):
        pass


def ask(method, path, body=None):
    headers = {"Authorization": f"Bearer {sys.argv[1]}", "Content-Type": "application/json"}
    request = urllib.request.Request(URL + path, json.dumps(body).encode() if body else None, headers, method=method)
    return json.load(urllib.request.urlopen(request))


def attempted(webhook):
    """Waits until something was sent to a webhook, or was not taken."""
    while True:
        items = ask("GET", f"/api/webhooks/{webhook}/deliveries")["items"]
        if items and all(item["attempts"] and (item["state"] == "delivered" or item["error"]) for item in items):
            return
        time.sleep(0.05)


def main():
    receiver = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    at = f"http://127.0.0.1:{receiver.server_port}"
    for name, path, events in [("mirror in Oslo", "/hook", ["suite.published"]), ("chat room", "/closed", ["package.uploaded", "package.removed"])]:
        made = ask("POST", "/api/webhooks", {"name": name, "url": at + path, "events": events, "suites": ["bookworm"]})
        urllib.request.urlopen(urllib.request.Request(f"{URL}/api/webhooks/{made['id']}/ping", b"", {"Authorization": f"Bearer {sys.argv[1]}"}, method="POST"))
        attempted(made["id"])
    users = {user["username"]: user["id"] for user in ask("GET", "/api/users")["items"]}
    ask("PUT", f"/api/users/{users['keeper']}/quota", {"max_bytes": 500_000_000, "max_packages": 200})
    ask("PUT", "/api/suites/bookworm/quota", {"max_bytes": 10_000_000_000, "max_packages": 5000})
    ask("POST", "/api/publishers", {"issuer": "github", "repository": "example/sensors", "owner_id": "65", "workflow": "release.yml",
                                    "environment": "release", "ref": "refs/tags/*", "account": "keeper", "suite": "bookworm", "packages": ["sensor-*"]})


main()
