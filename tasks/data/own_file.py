"""A file of the user, which a task names by `task.path`."""

from pathlib import Path

from gatebench.errors import UserError
from tasks.data.files import MissingFile, read_file


def own_path(path: str, wanted: str) -> Path:
    """Return the path of a file of the user.

    Args:
        path: the path, relative to the working directory; "~" is the home folder.
        wanted: the kind of file in messages, for example "a text file".

    Raises:
        UserError: it is a folder.
        MissingFile: there is no such file.
    """
    try:
        found = Path(path).expanduser()
        exists, is_folder = found.is_file(), found.is_dir()
    except (OSError, RuntimeError):  # the name is too long, or "~user" has no home folder
        exists = is_folder = False
    if is_folder:
        raise UserError(f"task.path is {path}, which is a folder; it must name {wanted}.")
    if not exists:
        raise MissingFile(f"There is no file {path}, which task.path names.")
    return found


def own_file(path: str, wanted: str) -> str:
    """Return the text of a file of the user in UTF-8, without a byte order mark.

    Args:
        path: as in `own_path`.
        wanted: as in `own_path`.

    Raises:
        UserError: it is a folder, it is empty, or it is not UTF-8: the message names the line.
        MissingFile: there is no such file.
    """
    data = read_file(own_path(path, wanted))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UserError(f"{path}, line {line}, is not UTF-8: a byte of it is {data[error.start]:#04x}.") from None
    if not text:
        raise UserError(f"{path} is empty.")
    return text
