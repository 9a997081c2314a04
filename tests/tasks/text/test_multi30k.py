from pathlib import Path

import pytest

from gatebench.errors import UserError
from tasks.data.files import MissingFile
from tasks.text import multi30k
from tasks.text.multi30k import file_names, find_published, read_published
from tests.tasks.published import publish


def test_a_packed_text_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name, other = file_names("val", "en", "fr")
    assert (name, other) == ("val.en.gz", "val.fr.gz")
    with pytest.raises(MissingFile, match=r"There is no val\.en\.gz in any of"):
        find_published(tmp_path, name)
    publish(tmp_path / "multi30k" / name, b"no gzip", multi30k.CHECKSUMS, monkeypatch)
    with pytest.raises(UserError, match=r"val\.en\.gz cannot be read as a packed text"):
        read_published(tmp_path, name)


def test_every_part_has_a_file_for_each_language() -> None:
    parts = ("train", "val", *multi30k.TESTS)
    wanted = {name for part in parts for name in file_names(part, "en", "de")}
    assert wanted | {f"{part}.fr.gz" for part in parts} == set(multi30k.CHECKSUMS)
