"""The Large Movie Review Dataset as it is published, in an archive or unpacked. Nothing is ever written to disk."""

import gzip
import hashlib
import io
import os
import re
import tarfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from gatebench.errors import UserError
from tasks.data.files import MissingFile, find_file, read_verified

HOME = "https://ai.stanford.edu/~amaas/data/sentiment/"
FOLDERS = ("imdb", ".")
ARCHIVES = {  # as published, and a lossless repacking of the labelled reviews alone
    "aclImdb_v1.tar.gz": "c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe",
    "aclImdb_labeled.tar.gz": "e17c087e490b4bf23f303f99d7f212447650f2e229d42cd84dcb48546cb4749b",
}
UNPACKED = "aclImdb"  # the folder that both unpack to
CHECKSUMS = {UNPACKED: "e387e12957f58c094950ca49ae5135e14445e014426337764a554f8f142e5d10"}  # see `checksum`
PARTS = ("test/neg", "test/pos", "train/neg", "train/pos")
NAME = re.compile(r"aclImdb/((?:train|test)/(?:neg|pos)/\d+_\d+\.txt)")
LARGEST = 1 << 20  # bytes of a review; the longest has 13,704 characters

Reviews = Mapping[str, bytes]


def find_reviews(root: Path) -> Path:
    """Return the archive below the data root, or the folder that it unpacks to; archives, faster to read, go first.

    Raises:
        MissingFile: there is neither.
        UserError: a place cannot be looked into.
    """
    try:
        return find_file(root, FOLDERS, tuple(ARCHIVES), HOME)
    except MissingFile as missing:
        found = next((path for folder in FOLDERS if (path := root / folder / UNPACKED).is_dir()), None)
        if found is None:
            raise MissingFile(str(missing).replace(" in any of ", f" and no folder {UNPACKED} in any of ")) from None
        return found


def verified(path: Path) -> Callable[[], Reviews]:
    """Verify an archive or a folder, and return what reads its labelled reviews by name, such as "train/pos/0_9.txt".

    An archive is known by its own checksum, so that it need not be unpacked where its words are kept in a cache; a
    folder is read. Members of an archive are read by their names, in memory; none is extracted.

    Raises:
        UserError: it cannot be read, or does not hold the published reviews; what is returned raises it too.
    """
    if path.is_dir():
        reviews = _checked(dict(_in_folder(path)), path)
        return lambda: reviews
    data = read_verified(path, ARCHIVES[path.name], HOME)
    return lambda: _checked(dict(_in_archive(data, path)), path)


def _checked(reviews: Reviews, path: Path) -> Reviews:
    if (found := checksum(reviews)) != CHECKSUMS[UNPACKED]:
        counts = ", ".join(f"{sum(name.startswith(part) for name in reviews):,} of {part}" for part in PARTS)
        raise UserError(
            f"{path} does not hold the published reviews: the checksum of what it has ({counts}) is {found}, "
            f"not {CHECKSUMS[UNPACKED]}; their official source is {HOME}."
        )
    return reviews


def checksum(reviews: Reviews) -> str:
    """Return the SHA-256 of reviews, however they are packed.

    It is that of, for each review by ascending name, the name, a zero byte, its size in decimal digits, a zero byte,
    and its bytes.
    """
    digest = hashlib.sha256()
    for name in sorted(reviews):
        digest.update(f"{name}\0{len(reviews[name])}\0".encode())
        digest.update(reviews[name])
    return digest.hexdigest()


def _in_archive(data: bytes, path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the reviews among the members, in their order."""
    seen = set()
    try:
        unpacked = gzip.decompress(data)  # whole: what is in a verified archive is known
        with tarfile.open(fileobj=io.BytesIO(unpacked), mode="r:") as archive:
            for member in archive:
                if member.isreg() and (name := NAME.fullmatch(member.name)):
                    if name[1] in seen:
                        raise UserError(f"{path} holds {member.name} twice.")
                    seen.add(name[1])
                    yield name[1], unpacked[member.offset_data : member.offset_data + member.size]
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        raise UserError(f"{path} cannot be unpacked: {error}.") from None


def _in_folder(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the reviews among the files, in no order."""
    try:
        for part in PARTS:
            with os.scandir(path / part) as entries:
                for entry in entries:
                    name = NAME.fullmatch(f"{UNPACKED}/{part}/{entry.name}")
                    if name and entry.is_file():
                        with io.FileIO(entry.path) as file:
                            review = file.read(LARGEST + 1)
                        if len(review) > LARGEST:
                            raise UserError(f"{entry.path} is larger than {LARGEST:,} bytes: no review is.")
                        yield name[1], review
    except OSError as error:
        raise UserError(f"{error.filename or path} cannot be read: {error.strerror or error}.") from None
