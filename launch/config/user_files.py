"""The check of the user's own config files, those of `--config-dir`."""

from pathlib import Path

import yaml

from gatebench.errors import UserError


def check_cell_names(config_dir: Path) -> None:
    """Check that the name of each cell in the user's folder is the name of its file: tables would mix up the cells.

    A file that cannot be read is left to Hydra, which reports it if it is chosen.

    Args:
        config_dir: the folder, with the layout of `conf`.

    Raises:
        UserError: a cell has another name than its file.
    """
    for path in sorted((config_dir / "cell").glob("*.yaml")):
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, yaml.YAMLError):
            continue
        name = content.get("name") if isinstance(content, dict) else None
        if name is not None and name != path.stem:
            raise UserError(f"{path} has the name {str(name)!r}; it must be {path.stem!r}, the name of the file.")
