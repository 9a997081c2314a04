"""One file over HTTP: it goes on where it stopped, and is in its place only when it is whole and as published."""

from collections.abc import Callable
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    UnknownHandler,
)

from gatebench.errors import UserError
from tasks.data.datasets import File
from tasks.data.partial_download import Partial

CHUNK = 1 << 16  # bytes
PATIENCE_SECONDS = 30.0  # without a byte
AGENT = "gatebench"  # some servers turn Python's own name away


class Unreachable(UserError):  # noqa: N818  (an answer to the user, as every UserError)
    """An address does not answer, or answers with an error."""


def download(file: File, target: Path, tell: Callable[[int], None]) -> None:
    """Fetch a file to `target`, which appears when all its bytes are there and their checksum is the published one.

    A download that was cut off, or killed, goes on where it was if the server can do that. An address and all that it
    leads to must be of http or https.

    Args:
        file: what to fetch; it has an address.
        target: where to, in a folder that exists. One process at a time may do this.
        tell: is given the number of bytes that are there.

    Raises:
        Unreachable: the server does not answer, or with an error, or breaks off.
        UserError: it sends something else, or the folder cannot be written to.
    """
    with Partial(target, file) as partial:
        partial.check_room()
        before = -1
        while partial.size < file.size:
            if partial.size <= before:
                raise Unreachable(f"{file.url} broke off after {partial.size:,} of {file.size:,} bytes; try again.")
            before = partial.size
            try:
                with _ask(file, partial) as answer:
                    _receive(answer, file, partial, tell)
            except (HTTPException, OSError):
                continue  # a connection that broke is made anew as long as each brings new bytes
        partial.finish()


def _ask(file: File, partial: Partial) -> HTTPResponse:
    """Ask for what is missing; with `If-Range`, a server whose file has changed since sends all of it."""
    assert file.url is not None
    headers = {"User-Agent": AGENT, "Accept-Encoding": "identity"}
    if partial.size and partial.tag:
        headers |= {"Range": f"bytes={partial.size}-", "If-Range": partial.tag}
    try:
        answer: HTTPResponse = _opener().open(Request(file.url, headers=headers), timeout=PATIENCE_SECONDS)
    except HTTPError as error:
        error.close()
        if error.code == 416:  # there is no such rest: what is here belongs to another file
            partial.restart("")
        raise Unreachable(f"{file.url} answers {error.code} {error.reason}.") from None
    except URLError as error:
        reason = getattr(error.reason, "strerror", None) or error.reason
        raise Unreachable(f"{file.url} cannot be reached: {reason}.") from None
    return answer


def _opener() -> OpenerDirector:
    """Return what opens addresses of http and https alone, unlike urllib's own, which also follows to ftp."""
    opener = OpenerDirector()
    for handler in (
        ProxyHandler(),
        HTTPHandler(),
        HTTPSHandler(),
        HTTPRedirectHandler(),
        HTTPDefaultErrorHandler(),
        HTTPErrorProcessor(),
        UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener


def _receive(answer: HTTPResponse, file: File, partial: Partial, tell: Callable[[int], None]) -> None:
    """Add what one answer brings."""
    if answer.status != 206:
        partial.restart(_validator(answer))
    elif not answer.headers.get("Content-Range", "").startswith(f"bytes {partial.size}-"):
        raise UserError(f"{file.url} sends another part of the file than it was asked for; try again later.")
    expected = file.size - partial.size
    announced = answer.headers.get("Content-Length", str(expected))
    if announced != str(expected):
        raise UserError(f"{file.url} announces {announced} bytes, not the {expected} of the published file.")
    tell(partial.size)
    while data := answer.read1(CHUNK):  # what there is, so that little is lost when it breaks off
        partial.add(data)
        tell(partial.size)


def _validator(answer: HTTPResponse) -> str:
    """Return what tells this state of the file from others, or "" if the server gives nothing that is sure."""
    tag = answer.headers.get("ETag", "")
    return tag if tag and not tag.startswith("W/") else answer.headers.get("Last-Modified", "")
