from launch.config.options import split_options


def test_the_value_of_an_option_is_no_word() -> None:
    assert split_options(["list", "--cfg", "job", "a=1"]) == (["list", "a=1"], ["--cfg", "job"])
    assert split_options(["--config-dir=x", "list"]) == (["list"], ["--config-dir=x"])
    assert split_options(["-h"]) == ([], ["-h"])
