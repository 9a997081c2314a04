"""The import of Optuna, which is optional and takes half a second."""

from gatebench.errors import UserError


def check_optuna(what: str) -> None:
    """Check that Optuna is installed. It reports only warnings from now on.

    Args:
        what: the setting or the picture that needs it.

    Raises:
        UserError: Optuna, or a package that it needs for adaptive search, is not installed.
    """
    try:
        import cmaes  # noqa: F401  (Optuna imports it at the first draw)
        import optuna
    except ImportError as error:
        raise UserError(
            f"{what} needs Optuna, and the package {error.name} is not installed; pip install 'gatebench[search]' "
            "installs it."
        ) from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
