import pytest

from gatebench.errors import UserError
from gatebench.lightning_targets import CALLBACKS, LOGGERS, NEEDED, check_part, needs_logger
from gatebench.task_modules import VARIABLE
from gatebench.training_settings import NEUTRAL_TRAINING, Training

MISTAKES = {
    "logger.a has no _target_ that names a class; write for example logger.a._target_=pytorch_lightning.loggers.CS": {},
    "logger.a has no _target_": {"_target_": "CSVLogger"},
    "logger.a._target_ is 'os.system'; it must name a class below pytorch_lightning.loggers, or below a package that": {
        "_target_": "os.system"
    },
    "logger.a._target_ is 'pytorch_lightning.loggersx.A'; it must": {"_target_": "pytorch_lightning.loggersx.A"},
    "logger.a._target_ is 'pytorch_lightning.callbacks.Timer'; it must": {
        "_target_": "pytorch_lightning.callbacks.Timer"
    },
}


@pytest.mark.parametrize("message", MISTAKES)
def test_a_target_that_is_not_allowed_is_refused(message: str) -> None:
    with pytest.raises(UserError) as caught:
        check_part("logger.a", MISTAKES[message], LOGGERS)
    assert str(caught.value).startswith(message)


def test_loggers_of_lightning_and_allowed_packages_are_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*NEEDED, "CSVLogger"):
        check_part("logger.a", {"_target_": f"{LOGGERS}.{name}"}, LOGGERS)
    monkeypatch.setenv(VARIABLE, "mine")
    check_part("logger.a", {"_target_": "mine.loggers.Mine"}, LOGGERS)
    check_part("training.callbacks.a", {"_target_": "mine.Mine"}, CALLBACKS)


def test_few_callbacks_of_lightning_are_allowed_and_no_callback_is_neutral() -> None:
    monitor = {"lr": {"_target_": f"{CALLBACKS}.LearningRateMonitor"}}
    assert Training(callbacks=monitor).to_dict()["callbacks"] == monitor
    assert "callbacks" not in Training().to_dict()
    assert NEUTRAL_TRAINING["callbacks"] == {}
    with pytest.raises(UserError, match="only DeviceStatsMonitor and LearningRateMonitor are allowed: settings"):
        Training(callbacks={"lr": {"_target_": f"{CALLBACKS}.StochasticWeightAveraging"}})
    with pytest.raises(
        UserError, match=r"Monitr'; did you mean 'LearningRateMonitor'\? Of Lightning's callbacks, only "
    ):
        Training(callbacks={"lr": {"_target_": f"{CALLBACKS}.LearningRateMonitr"}})


def test_the_callbacks_of_lightning_need_a_logger() -> None:
    assert needs_logger(f"{CALLBACKS}.LearningRateMonitor")
    assert needs_logger(f"{CALLBACKS}.lr_monitor.LearningRateMonitor")
    assert not needs_logger("mine.LearningRateMonitor")
