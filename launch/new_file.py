"""The file that a verb writes with `file=NAME`."""

from pathlib import Path

from gatebench.errors import UserError


def write_new_file(name: str, content: bytes) -> Path:
    """Write a file that does not exist yet, and return its path.

    Args:
        name: its name; "~" is the home folder of the user.
        content: its content.

    Raises:
        UserError: the file exists, or cannot be written.
    """
    path = Path(name).expanduser()
    try:
        with path.open("xb") as file:
            file.write(content)
    except FileExistsError:
        raise UserError(f"The file {path} exists already; choose another file=NAME.") from None
    except OSError as error:
        raise UserError(f"The file {path} cannot be written: {error.strerror or error}.") from None
    return path
