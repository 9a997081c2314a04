import logging
import os
import signal
import threading
import warnings
from pathlib import Path

import pytest

from gatebench.outcome import Epoch
from gatebench.training import run_trial
from gatebench.training.lightning_output import interruptible, quiet
from tests.gatebench.training.sign import TRIAL


def test_ctrl_c_comes_out_as_such_and_the_signal_is_given_back(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGINT)

    def press(epoch: Epoch) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        threading.Event().wait(1)

    with pytest.raises(KeyboardInterrupt):
        run_trial(TRIAL, home=tmp_path, data_root=None, emit=press)
    assert signal.getsignal(signal.SIGINT) == before


def test_an_exit_outside_of_lightning_is_an_interrupt_too() -> None:
    with pytest.raises(KeyboardInterrupt), interruptible():
        raise SystemExit(1)


def test_lightning_is_quiet_only_inside() -> None:
    logger = logging.getLogger("pytorch_lightning")
    before = logger.level
    with quiet():
        assert not logger.isEnabledFor(logging.INFO)
        warnings.warn_explicit("advice", UserWarning, "loader.py", 1, module="pytorch_lightning.loops")
        with pytest.raises(UserWarning, match="ours"):
            warnings.warn("ours", UserWarning, stacklevel=1)
    assert logger.level == before
