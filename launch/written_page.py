"""The HTML page that a verb writes: `page=FILE`, or a file below the home."""

from contextlib import suppress
from pathlib import Path

from gatebench.errors import UserError
from launch.config.settings import Settings


def page_path(settings: Settings, default: Path) -> Path:
    """Return the path of the page.

    Args:
        settings: the settings, with `page`.
        default: the path without `page`.

    Raises:
        UserError: `page` is a folder.
    """
    if settings.page is None:
        return default
    path = Path(settings.page).expanduser()
    if path.is_dir():
        raise UserError(f"page is {settings.page}, which is a folder; it must be the name of an HTML file.")
    return path


def write_page(path: Path, content: str) -> None:
    """Write the page, with its folder. A page of the same name is replaced.

    Raises:
        UserError: the page cannot be written.
    """
    try:
        with suppress(FileExistsError):  # if it is a file, writing the page tells that it is no folder
            path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    except OSError as error:
        raise UserError(f"The page {path} cannot be written: {error.strerror}.") from error
