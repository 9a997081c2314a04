"""The download of one file over HTTP. An interrupted download is resumed, and only a verified file gets its final name.

The requests use `urllib` of the standard library, because `requests` would be one more direct dependency and does not
resume downloads either. See `tasks.data.partial_download` for the bytes on disk.
"""

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
from tasks.data.partial_download import PartialDownload

CHUNK_BYTES = 1 << 16
TIMEOUT_SECONDS = 30.0  # the longest wait for the next byte
USER_AGENT = "gatebench"  # some servers reject the default name, "Python-urllib"
PARTIAL_CONTENT, RANGE_NOT_SATISFIABLE = 206, 416  # HTTP status codes


class Unreachable(UserError):  # noqa: N818  (an answer to the user, as every UserError)
    """A server does not answer, answers with an error, or breaks the connection."""


def download(file: File, target: Path, report_bytes: Callable[[int], None]) -> None:
    """Fetch a file to `target`, which appears only when the file is complete and its checksum is the published one.

    An earlier download that was interrupted is resumed if the server supports it. The address and all redirects must
    use http or https.

    Args:
        file: the file, which must have an address.
        target: the path of the file in an existing folder. Only one process at a time may write to it.
        report_bytes: is called with the number of bytes that are on disk.

    Raises:
        Unreachable: the server does not answer, answers with an error, or breaks the connection.
        UserError: the server sends another file, or the folder cannot be written to.
    """
    with PartialDownload(target, file) as partial:
        partial.check_free_space()
        size_before = -1
        while partial.size < file.size:
            if partial.size <= size_before:
                raise Unreachable(f"{file.url} broke off after {partial.size:,} of {file.size:,} bytes; try again.")
            size_before = partial.size
            try:
                with _request(file, partial) as response:
                    _receive(response, file, partial, report_bytes)
            except (HTTPException, OSError):
                continue  # the connection broke: connect again as long as each connection brings new bytes
        partial.finish()


def _request(file: File, partial: PartialDownload) -> HTTPResponse:
    """Request the missing bytes. Because of `If-Range`, a server whose file has changed sends the whole file."""
    assert file.url is not None
    headers = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity"}
    if partial.size and partial.validator:
        headers |= {"Range": f"bytes={partial.size}-", "If-Range": partial.validator}
    try:
        response: HTTPResponse = _opener().open(Request(file.url, headers=headers), timeout=TIMEOUT_SECONDS)
    except HTTPError as error:
        error.close()
        if error.code == RANGE_NOT_SATISFIABLE:  # the bytes on disk belong to another file
            partial.restart("")
        raise Unreachable(f"{file.url} answers {error.code} {error.reason}.") from None
    except URLError as error:
        reason = getattr(error.reason, "strerror", None) or error.reason
        raise Unreachable(f"{file.url} cannot be reached: {reason}.") from None
    return response


def _opener() -> OpenerDirector:
    """Return an opener for http and https only. The default opener of `urllib` also follows redirects to ftp."""
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


def _receive(response: HTTPResponse, file: File, partial: PartialDownload, report_bytes: Callable[[int], None]) -> None:
    """Append the body of one response."""
    if response.status != PARTIAL_CONTENT:
        partial.restart(_validator(response))
    elif not response.headers.get("Content-Range", "").startswith(f"bytes {partial.size}-"):
        raise UserError(f"{file.url} sends another part of the file than was requested; try again later.")
    expected = file.size - partial.size
    announced = response.headers.get("Content-Length", str(expected))
    if announced != str(expected):
        raise UserError(f"{file.url} announces {announced} bytes, not the {expected} of the published file.")
    report_bytes(partial.size)
    while data := response.read1(CHUNK_BYTES):  # read1 returns the bytes that have arrived, so a break loses few bytes
        partial.append(data)
        report_bytes(partial.size)


def _validator(response: HTTPResponse) -> str:
    """Return a strong ETag or the date of the last change (RFC 9110, section 8.8), or "" if there is neither."""
    tag = response.headers.get("ETag", "")
    return tag if tag and not tag.startswith("W/") else response.headers.get("Last-Modified", "")
