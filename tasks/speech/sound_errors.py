"""The errors of sound files that soundfile decodes."""

import soundfile

from gatebench.errors import UserError


def check_complete(data: bytes, name: str) -> None:
    """Check that a WAV file has as many bytes as its header announces.

    libsndfile 1.2 reads a truncated file as a shorter one, without an error.

    Args:
        data: the bytes of a file in any format.
        name: the name of the file, for messages.

    Raises:
        UserError: the file is a truncated WAV file.
    """
    if data[:4] == b"RIFF" and (announced := int.from_bytes(data[4:8], "little") + 8) > len(data):
        raise UserError(f"{name} is truncated: its header announces {announced:,} bytes, and it has {len(data):,}.")


def undecodable(data: bytes, name: str, kind: str, error: Exception) -> UserError:
    """Return the error for a file that soundfile cannot decode.

    Args:
        data: the bytes of the file.
        name: its name.
        kind: the kind of file that is wanted, for example "a sound".
        error: what soundfile raised. Its text may contain the address of the bytes in memory, which helps nobody.
    """
    text = error.error_string if isinstance(error, soundfile.LibsndfileError) else str(error)
    reason = str(text).removeprefix("Error : ").rstrip(". ")
    return UserError(f"{name} ({len(data):,} bytes) cannot be read as {kind}: {reason}.")
