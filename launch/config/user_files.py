"""The check of the config files of the user, those of `--config-dir`, and of installed packages."""

from pathlib import Path

import yaml

from gatebench.errors import UserError


def check_folder(config_dir: Path) -> None:
    """Check that `--config-dir` is a folder.

    Raises:
        UserError: it is not.
    """
    if not config_dir.is_dir():
        raise UserError(f"--config-dir is {str(config_dir)!r}, which is not a folder.")


def cell_files(config_dir: Path) -> list[Path]:
    """Return the files of the cells in a folder with the layout of `conf`, sorted."""
    return sorted((config_dir / "cell").glob("*.yaml"))


def check_names(config_dir: Path) -> None:
    """Check that the name of each cell and task in a folder of configs is the name of its file.

    Tables would mix them up. A file that cannot be read is left to Hydra, which reports it if it is chosen.

    Args:
        config_dir: the folder, with the layout of `conf`.

    Raises:
        UserError: a cell or a task has another name than its file.
    """
    for path in [*cell_files(config_dir), *sorted((config_dir / "task").glob("*.yaml"))]:
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, yaml.YAMLError):
            continue
        name = content.get("name") if isinstance(content, dict) else None
        if name is not None and name != path.stem:
            raise UserError(f"{path} has the name {str(name)!r}; it must be {path.stem!r}, the name of the file.")
