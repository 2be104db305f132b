"""A small HR service that knows how many hours of leave everybody has: the other side of this example.

python examples/my_leave_balance/service.py --key staff-key-of-the-example
"""

from __future__ import annotations

import argparse
import json
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

PORT = 8099
HOURS = {"E1001": 96.0, "E1002": 41.5, "E1003": 8.0, "E1004": 120.0, "E1005": 64.0}
LEAVE = re.compile(r"/api/v1/employees/([^/?]+)/leave-balance")


class LeaveServer(ThreadingHTTPServer):
    """Listens on this machine only. `key` is what callers must send, `asked` the numbers that were asked about."""

    daemon_threads = True

    def __init__(self, port: int, key: str) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.key = key
        self.asked: list[str] = []
        self.document = (Path(__file__).parent / "openapi.yaml").read_text(encoding="utf-8")


class _Handler(BaseHTTPRequestHandler):
    server: LeaveServer

    def do_GET(self) -> None:
        """The description of the service, or one balance."""
        if self.path == "/openapi.yaml":
            self._answer(200, self.server.document.encode(), "application/yaml")
        elif self.headers.get("X-Staff-Key") != self.server.key:
            self._json(401, {"detail": "the key is missing or wrong"})
        elif (found := LEAVE.fullmatch(self.path)) is None:
            self._json(404, {"detail": "there is nothing here"})
        else:
            self._balance(unquote(found[1]))

    def _balance(self, number: str) -> None:
        self.server.asked.append(number)
        if number not in HOURS:
            self._json(404, {"detail": "nobody has this number"})
        else:
            self._json(200, {"hoursLeft": HOURS[number], "expiresOn": "2027-06-30"})

    def _json(self, status: int, value: object) -> None:
        self._answer(status, json.dumps(value).encode(), "application/json")

    def _answer(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Numbers of employees stay out of a log."""


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument("--key", required=True, help="what callers send as X-Staff-Key")
    chosen = parser.parse_args()
    LeaveServer(chosen.port, chosen.key).serve_forever()
