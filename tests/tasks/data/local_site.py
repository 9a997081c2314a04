"""A web server on this machine, on which the tests publish files and make things go wrong."""

import hashlib
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tasks.data.datasets import File


@dataclass
class Site:
    """What the server has and how it behaves.

    files: {path: bytes}. ranges: whether it can send parts. validators: the headers that name a file's state. cuts: for
    each request in turn, after how many bytes the connection breaks; None or no more: never. pause: seconds between
    pieces of a kilobyte. lengths: whether it announces how much it sends. redirects, statuses: by path. requests: the
    path and the headers of each, in order.
    """

    files: dict[str, bytes]
    ranges: bool = True
    validators: Mapping[str, str] = field(default_factory=lambda: {"ETag": '"v1"'})
    cuts: list[int | None] = field(default_factory=list)
    pause: float = 0.0
    lengths: bool = True
    shift: int = 0  # by how many bytes a part begins elsewhere than it was asked for
    redirects: dict[str, str] = field(default_factory=dict)
    statuses: dict[str, int] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    address: str = ""

    def file(self, name: str, published: bytes | None = None, **kwargs: str) -> File:
        """Return the description of a file of the server's, whose published bytes may be others than it sends."""
        data = self.files[name] if published is None else published
        return File(name, hashlib.sha256(data).hexdigest(), len(data), f"{self.address}/{name}", **kwargs)


@contextmanager
def serving(**kwargs: object) -> Iterator[Site]:
    """Serve a site until the end of the block."""
    site = Site(**kwargs)  # type: ignore[arg-type]

    class Handler(_Handler):
        pass

    Handler.site = site
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    site: Site

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""

    def do_GET(self) -> None:
        site, name = self.site, self.path.lstrip("/")
        site.requests.append((name, dict(self.headers)))
        cut = site.cuts.pop(0) if site.cuts else None
        if name in site.redirects:
            self.send_response(302)
            self.send_header("Location", site.redirects[name])
            self.end_headers()
        elif name in site.statuses or name not in site.files:
            self.send_error(site.statuses.get(name, 404))
        else:
            self._send(site.files[name], cut)

    def _send(self, data: bytes, cut: int | None) -> None:
        site, start = self.site, 0
        asked = self.headers.get("Range")
        if asked and site.ranges and self.headers.get("If-Range") in site.validators.values():
            start = int(asked.removeprefix("bytes=").removesuffix("-")) - site.shift
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        else:
            self.send_response(200)
        for header, value in site.validators.items():
            self.send_header(header, value)
        body = data[start:]
        if site.lengths:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        body = body if cut is None else body[:cut]
        piece = 1024 if site.pause else max(len(body), 1)
        try:
            for at in range(0, len(body), piece):
                self.wfile.write(body[at : at + piece])
                time.sleep(site.pause)
        except ConnectionError:  # who asked has gone
            pass
