"""The Large Movie Review Dataset, in the published archive or unpacked. Nothing is written to disk.

The members of the archive are sliced from its decompressed bytes. `tarfile` finds their positions; `extractfile`, its
own way to read members, takes longer for 50,000 small files.
"""

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

SOURCE_URL = "https://ai.stanford.edu/~amaas/data/sentiment/"
FOLDERS = ("imdb", ".")
ARCHIVES = {  # the published archive, and a lossless repacking that has only the labelled reviews
    "aclImdb_v1.tar.gz": "c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe",
    "aclImdb_labeled.tar.gz": "e17c087e490b4bf23f303f99d7f212447650f2e229d42cd84dcb48546cb4749b",
}
UNPACKED = "aclImdb"  # the folder in both archives
CHECKSUMS = {UNPACKED: "e387e12957f58c094950ca49ae5135e14445e014426337764a554f8f142e5d10"}  # see `checksum`
PARTS = ("test/neg", "test/pos", "train/neg", "train/pos")
NAME = re.compile(r"aclImdb/((?:train|test)/(?:neg|pos)/\d+_\d+\.txt)")
MAX_REVIEW_BYTES = 1 << 20  # the longest review has 13,704 characters

Reviews = Mapping[str, bytes]
"""{name of a review, for example "train/pos/0_9.txt": its bytes}"""


def find_reviews(root: Path) -> Path:
    """Return the path of an archive below the data root, or else of the unpacked folder. Archives are faster to read.

    Raises:
        MissingFile: there is neither.
        UserError: a place cannot be looked into.
    """
    try:
        return find_file(root, FOLDERS, tuple(ARCHIVES), SOURCE_URL, dataset="imdb")
    except MissingFile as missing:
        found = next((path for folder in FOLDERS if (path := root / folder / UNPACKED).is_dir()), None)
        if found is None:
            raise MissingFile(str(missing).replace(" in any of ", f" and no folder {UNPACKED} in any of ")) from None
        return found


def verify(path: Path) -> Callable[[], Reviews]:
    """Verify an archive or a folder, and return a function that returns its labelled reviews.

    An archive is verified by its own checksum, so it need not be decompressed if its words are in a cache. A folder has
    no such checksum, so its files are read and verified here.

    Raises:
        UserError: the path cannot be read, or does not hold the published reviews. The returned function raises it too.
    """
    if path.is_dir():
        reviews = _check_reviews(dict(_read_folder(path)), path)
        return lambda: reviews
    data = read_verified(path, ARCHIVES[path.name], SOURCE_URL)
    return lambda: _check_reviews(dict(_read_archive(data, path)), path)


def _check_reviews(reviews: Reviews, path: Path) -> Reviews:
    """Return the reviews if they have the published checksum; else raise `UserError`."""
    found = checksum(reviews)
    if found != CHECKSUMS[UNPACKED]:
        counts = ", ".join(f"{sum(name.startswith(part) for name in reviews):,} of {part}" for part in PARTS)
        raise UserError(
            f"{path} does not hold the published reviews: the checksum of what it has ({counts}) is {found}, "
            f"not {CHECKSUMS[UNPACKED]}; their official source is {SOURCE_URL}."
        )
    return reviews


def checksum(reviews: Reviews) -> str:
    """Return a SHA-256 of reviews that does not depend on how they are stored.

    For each review, in ascending order of the names, these bytes are hashed: the name, a zero byte, the size in decimal
    digits, a zero byte, and the review.
    """
    digest = hashlib.sha256()
    for name in sorted(reviews):
        digest.update(f"{name}\0{len(reviews[name])}\0".encode())
        digest.update(reviews[name])
    return digest.hexdigest()


def _read_archive(data: bytes, path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield (name, bytes) of the reviews in the archive, in the order of the archive."""
    seen = set()
    try:
        unpacked = gzip.decompress(data)  # the archive is verified, so its decompressed size is known
        with tarfile.open(fileobj=io.BytesIO(unpacked), mode="r:") as archive:
            for member in archive:
                if member.isreg() and (name := NAME.fullmatch(member.name)):
                    if name[1] in seen:
                        raise UserError(f"{path} holds {member.name} twice.")
                    seen.add(name[1])
                    yield name[1], unpacked[member.offset_data : member.offset_data + member.size]
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        raise UserError(f"{path} cannot be unpacked: {error}.") from None


def _read_folder(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield (name, bytes) of the reviews in the folder, in any order."""
    try:
        for part in PARTS:
            with os.scandir(path / part) as entries:
                for entry in entries:
                    name = NAME.fullmatch(f"{UNPACKED}/{part}/{entry.name}")
                    if name and entry.is_file():
                        with io.FileIO(entry.path) as file:
                            review = file.read(MAX_REVIEW_BYTES + 1)
                        if len(review) > MAX_REVIEW_BYTES:
                            raise UserError(f"{entry.path} is larger than {MAX_REVIEW_BYTES:,} bytes: no review is.")
                        yield name[1], review
    except OSError as error:
        raise UserError(f"{error.filename or path} cannot be read: {error.strerror or error}.") from None
