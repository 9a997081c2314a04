"""Addresses of records: which ones are allowed, and how they are printed."""

import re
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from urllib.parse import SplitResult, unquote, unquote_plus, urlsplit
from urllib.request import url2pathname

from gatebench.errors import UserError, unknown

SERVERS = ("http", "https")
"""The schemes of an MLflow server."""

HIDDEN = "***"
"""The text in place of a secret."""

DATABASES = ("sqlite", "postgresql", "mysql", "mssql")
"""The schemes of a database that MLflow can use directly."""

_ADDRESS = re.compile(r"(?:[A-Za-z][\w+.-]*:)?//\S*[^\s.,;:'\")>…]")
_ONE_HOST = r"(?:[\w.%-]*|\[[\w:.%]*\])(?::\d*)?"
_HOST = re.compile(rf"{_ONE_HOST}(?:,{_ONE_HOST})*")
_SECRET_WORDS = "pass|pwd|token|secret|auth|cred|key|sig|odbc"
_SECRET_PARAMETER = re.compile(rf"([?&;#][^=&;#?]*(?:{_SECRET_WORDS})[^=&;#?]*=)([^&]*)", re.IGNORECASE)


def is_server(uri: str) -> bool:
    """Return whether the address is that of an MLflow server. A server chooses where the files of a run are kept."""
    return _split(uri).scheme in SERVERS


def without_credentials(address: str) -> str:
    """Return an address without its credentials, to be printed or recorded.

    User name and password before the "@" are removed. Parameters with secrets, such as password= or token=, become
    "***". If it is unclear where a password ends, the whole part after the slashes is hidden: too little would show a
    part of it. This is written by hand, because `sqlalchemy.URL.render_as_string` hides only the password before the
    "@".

    Examples:
        >>> without_credentials("https://me:secret@example.org/mlflow")
        'https://example.org/mlflow'
        >>> without_credentials("postgresql://db/x?user=me&sslpassword=secret&sslmode=require")
        'postgresql://db/x?user=me&sslpassword=***&sslmode=require'
    """
    return _shown(address)


def hide_credentials(text: str, *addresses: str) -> str:
    """Return a message without the credentials of the addresses in it.

    Args:
        text: the message.
        addresses: addresses whose secrets are also hidden if the message has them alone. Libraries quote them so.

    Examples:
        >>> hide_credentials("postgresql://me:secret@db/x: role 'me': secret is wrong", "postgresql://me:secret@db/x")
        "postgresql://db/x: role 'me': *** is wrong"
    """
    given = sorted({address for address in addresses if address}, key=len, reverse=True)
    parts = _split_at(given, text) if given else [text]
    secrets = sorted({secret for address in given for secret in _secrets(address)}, key=len, reverse=True)
    return "".join(_shown(part) if part in given else _hidden(part, secrets) for part in parts)


def _split_at(addresses: Sequence[str], text: str) -> list[str]:
    """Return the parts of a text: those that are one of the addresses, and those between them."""
    return re.split(f"({'|'.join(map(re.escape, addresses))})", text)


def _hidden(text: str, secrets: Sequence[str]) -> str:
    text = _ADDRESS.sub(lambda found: _shown(found[0]), text)
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    return text


def _shown(address: str) -> str:
    """Return an address without its credentials; the whole part after the slashes is hidden if their end is unclear.

    It is unclear if there is an "@" after the first "/", "?" or "#" and also credentials, or a colon that a database
    would read as their start.
    """
    scheme, slashes, rest = address.partition("//")
    if not slashes:
        return address
    authority, tail = _split_authority(rest)
    _, at, host = authority.rpartition("@")
    may_be_password = bool(at) or (":" in authority and scheme.rstrip(":") not in SERVERS)
    if ("@" in tail and may_be_password) or not _HOST.fullmatch(host):
        return f"{scheme}//{HIDDEN}"
    return f"{scheme}//{host}" + _SECRET_PARAMETER.sub(rf"\1{HIDDEN}", tail)


def _split_authority(rest: str) -> tuple[str, str]:
    """Return the part of an address before the first "/", "?" or "#", and the part from there on."""
    end = next((at for at, character in enumerate(rest) if character in "/?#"), len(rest))
    return rest[:end], rest[end:]


def _secrets(address: str) -> set[str]:
    """Return the passwords and the other secrets of an address, as they are written in it and decoded."""
    scheme, _, rest = address.partition("//")
    is_unclear = _shown(address) == f"{scheme}//{HIDDEN}"
    users = rest if is_unclear else _split_authority(rest)[0]
    _, _, password = users.rpartition("@")[0].partition(":")
    found = {password, *(value for _, value in _SECRET_PARAMETER.findall(rest))}
    return {form for secret in found for form in (secret, unquote(secret), unquote_plus(secret)) if len(form) > 2}


def sqlite_file(uri: str) -> Path | None:
    """Return the file of a sqlite address; None for other addresses.

    Examples:
        >>> sqlite_file("sqlite:////data/mlflow.db"), sqlite_file("sqlite:///mlflow.db"), sqlite_file("http://localhost:5000")
        (PosixPath('/data/mlflow.db'), PosixPath('mlflow.db'), None)
    """
    parts = _split(uri)
    return Path(parts.path[1:]) if parts.scheme == "sqlite" else None


def local_folder(address: str) -> Path | None:
    """Return the folder at an address of files; None if it is not on this machine.

    Examples:
        >>> local_folder("file:///data/a%20b"), local_folder("/data"), local_folder("mlflow-artifacts:/1/a")
        (PosixPath('/data/a b'), PosixPath('/data'), None)
    """
    parts = urlsplit(address)
    if parts.scheme == "file":
        return Path(url2pathname(parts.path)) if parts.netloc in ("", "localhost") else None
    path = Path(address)
    return path if path.is_absolute() else None


def check_address(uri: str) -> None:
    """Check the scheme of the address, and open a sqlite file. A server or another database is not contacted.

    MLflow itself reports such errors after minutes, or in many lines.

    Raises:
        UserError: MLflow cannot use the address.
    """
    scheme = _split(uri).scheme.partition("+")[0]
    if scheme in ("", "file"):
        raise UserError(
            f"tracking_uri is {without_credentials(uri)!r}, and MLflow no longer keeps records in a plain folder; "
            "write sqlite:///… instead."
        )
    if scheme not in (*SERVERS, *DATABASES):
        raise unknown("kind", scheme, [*SERVERS, *DATABASES], where="of tracking_uri")
    if (file := sqlite_file(uri)) is not None:
        try:
            with closing(sqlite3.connect(file)) as connection:
                connection.execute("PRAGMA schema_version")
        except sqlite3.Error as error:
            raise UserError(f"The records at {uri} cannot be used: {error}.") from None


def _split(uri: str) -> SplitResult:
    try:
        return urlsplit(uri)
    except ValueError as error:
        raise UserError(f"tracking_uri is {without_credentials(uri)!r}, which is no address: {error}.") from None
