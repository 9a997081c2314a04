"""Training with Lightning: the only room that imports it."""

from gatebench.training.learner import Learner
from gatebench.training.loaders import Data
from gatebench.training.run import run_trial

__all__ = ["Data", "Learner", "run_trial"]
