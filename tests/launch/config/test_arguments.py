import pytest

from gatebench.errors import UserError
from launch.config.arguments import parse_plan


def test_overrides_and_options_may_be_mixed(tmp_path) -> None:  # type: ignore[no-untyped-def]
    plan = parse_plan("plan", "Help.", ["seed=1", "--config-dir", str(tmp_path), "cell=gru"], ["study=mine"])
    assert plan is not None
    assert (plan.settings.study, plan.settings.seed, plan.settings.cell.name) == ("mine", 1, "gru")


def test_the_config_is_shown_instead(capsys: pytest.CaptureFixture[str]) -> None:
    assert parse_plan("plan", "Help.", ["--cfg", "job", "seed=4"]) is None
    assert "seed: 4\n" in capsys.readouterr().out


@pytest.mark.parametrize("argv", [["--foo"], ["--cfg", "all"], ["--conf", "job"]])
def test_an_unknown_option_is_told_in_one_sentence(argv: list[str]) -> None:
    with pytest.raises(UserError, match=r"; see gatebench plan --help\.$"):
        parse_plan("plan", "Help.", argv)


def test_the_help_is_the_description(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parse_plan("plan", "What it does.", ["--help"])
    assert caught.value.code == 0
    assert "What it does." in capsys.readouterr().out
