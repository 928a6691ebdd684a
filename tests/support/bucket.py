"""A bucket over HTTP, as much of S3 as source-controller asks for: its place, the list of its objects, their content."""

import hashlib
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

BUCKET = "fleet"
_SPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
_CHANGED = "2026-01-02T03:04:05.000Z"


def _etag(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


class _Handler(BaseHTTPRequestHandler):
    files: Mapping[str, bytes]

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def _answer(self, *, with_body: bool) -> None:
        url = urlsplit(self.path)
        key = unquote(url.path).removeprefix(f"/{BUCKET}").lstrip("/")
        query = parse_qs(url.query, keep_blank_values=True)
        body, kind, etag = b"", "application/xml", ""
        if "location" in query:
            body = f"<LocationConstraint {_SPACE}></LocationConstraint>".encode()
        elif key in self.files:
            body, kind = self.files[key], "application/octet-stream"
            etag = _etag(body)
        elif key:
            self.send_error(404)
            return
        elif with_body:
            body = self._listed().encode()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Last-Modified", "Fri, 02 Jan 2026 03:04:05 GMT")
        if etag:
            self.send_header("ETag", f'"{etag}"')
        self.end_headers()
        if with_body:
            self.wfile.write(body)

    def _listed(self) -> str:
        entries = "".join(
            f"<Contents><Key>{escape(key)}</Key><LastModified>{_CHANGED}</LastModified><ETag>&quot;{_etag(content)}&quot;"
            f"</ETag><Size>{len(content)}</Size><StorageClass>STANDARD</StorageClass></Contents>"
            for key, content in sorted(self.files.items())
        )
        counts = f"<KeyCount>{len(self.files)}</KeyCount><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated>"
        return f"<ListBucketResult {_SPACE}><Name>{BUCKET}</Name><Prefix></Prefix>{counts}{entries}</ListBucketResult>"

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def a_bucket(host: str, files: Mapping[str, bytes]) -> Iterator[str]:
    """A bucket with these files by their keys; the address of its server."""
    handler = type("Handler", (_Handler,), {"files": files})
    server = ThreadingHTTPServer((host, 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"{host}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
