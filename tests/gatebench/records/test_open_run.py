import pytest

from gatebench.records.open_run import OpenRun, number_of_epochs


def test_records_of_earlier_versions_lack_some_tags() -> None:
    run = OpenRun.of("", 1.5, {"digest": "d"}, {}, 2, None)
    assert run == OpenRun("d", "d", "", "", 1.5, 2, 0, "", None)


@pytest.mark.parametrize(("text", "epochs"), [("30", 30), ("", 0), ("-1", 0), ("x", 0), ("²", 0), ("9" * 5000, 0)])
def test_the_number_of_epochs_is_read_with_care(text: str, epochs: int) -> None:
    assert number_of_epochs({"training.max_epochs": text}) == epochs
