"""Training of one trial with Lightning. Only this package imports Lightning."""

import gatebench.training.lightning_import  # noqa: F401  (before Lightning: it shortens the import)

# isort: split
from gatebench.training.data_module import SplitsDataModule
from gatebench.training.learner import Learner
from gatebench.training.one_trial import run_trial

__all__ = ["Learner", "SplitsDataModule", "run_trial"]
