"""Serve the built page and the API on this machine, with goals in memory: `python local/serve.py`.

It plays the edge as far as the page can see it: headers, the page for every page address, 404 for
a missing asset, the release of the document.
"""

import argparse
import mimetypes
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "api"))

from mandala import schema  # noqa: E402
from mandala.app import App  # noqa: E402
from mandala.handler import respond  # noqa: E402
from mandala.release import Release  # noqa: E402
from memory import MemoryGoals  # noqa: E402

DIST = HERE.parent / "web" / "dist"
CONTENT_SECURITY_POLICY = "default-src 'self'; frame-ancestors 'none'; base-uri 'none'"
mimetypes.add_type("application/manifest+json", ".webmanifest")
mimetypes.add_type("font/woff2", ".woff2")


class Handler(BaseHTTPRequestHandler):
    """One request to the page or the API."""

    app: App

    def do_GET(self) -> None:
        """Answer any method."""
        path = self.path.partition("?")[0]
        if path.startswith("/api/"):
            self._answer_api(path)
        else:
            self._answer_file(path)

    do_HEAD = do_POST = do_PUT = do_DELETE = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: the app logs its own requests."""

    def _answer_api(self, path: str) -> None:
        length = int(self.headers.get("content-length") or 0)
        event = {
            "httpMethod": self.command,
            "path": path,
            "body": self.rfile.read(length).decode("utf-8", "replace"),
        }
        answer = respond(self.app, event)
        self._send(answer["statusCode"], answer["headers"], answer["body"].encode())

    def _answer_file(self, path: str) -> None:
        file = (DIST / path.lstrip("/")).resolve()
        if "." not in path.rpartition("/")[2]:
            file = DIST / "index.html"
        if not file.is_file() or not file.is_relative_to(DIST):
            self._send(404, {"content-type": "text/plain"}, b"Not found\n")
            return
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        headers = {
            "content-type": kind,
            "content-security-policy": CONTENT_SECURITY_POLICY,
            "x-content-type-options": "nosniff",
        }
        if kind == "text/html":
            headers["x-amz-meta-kanmon-release"] = self.app.release.id
        self._send(200, headers, file.read_bytes())

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description="Serve the mandala app, goals in memory.")
    parser.add_argument("--port", type=int, default=8000)
    port = parser.parse_args().port
    if not (DIST / "index.html").is_file():
        sys.exit("web/dist is missing: run `npm ci && npm run build` in web/ first")
    needs = len(schema.load())
    Handler.app = App(MemoryGoals(needs), Release.from_environment(), needs)
    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    print(f"http://127.0.0.1:{server.server_port}/", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()


if __name__ == "__main__":
    main()
