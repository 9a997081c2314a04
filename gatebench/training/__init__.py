"""Training of one trial with Lightning. Only this package imports Lightning."""

from gatebench.training.data_module import SplitsDataModule
from gatebench.training.learner import Learner
from gatebench.training.one_trial import run_trial

__all__ = ["Learner", "SplitsDataModule", "run_trial"]
