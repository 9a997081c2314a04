from pathlib import Path

import pytest

from gatebench.errors import UserError
from tasks.text.labelled_texts import TextColumns, read_text_folder, read_text_table

PLAIN = TextColumns("text", "label", None, None, header=True)


def read(tmp_path: Path, content: str | bytes, table: TextColumns = PLAIN) -> object:
    file = tmp_path / "texts.csv"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_text_table(str(file), table)


def test_a_csv_file_may_have_quoted_cells_over_several_lines(tmp_path: Path) -> None:
    found = read_text_table(
        str(_file(tmp_path, "a.CSV", 'id,text,label\r\n1,"two\r\nlines, ""quoted""",x\r\n\r\n2, plain ,y\r\n')), PLAIN
    )
    assert found.texts == ['two\r\nlines, "quoted"', "plain"]
    assert found.labels == ["x", "y"]
    assert found.places == ["a.CSV, line 3", "a.CSV, line 5"]
    assert found.parts is None


def test_quotation_marks_mean_nothing_in_a_tsv_file(tmp_path: Path) -> None:
    bare = TextColumns("text", "label", None, None, header=False)
    found = read_text_table(str(_file(tmp_path, "a.tsv", 'say "hi\t1\nbye\t0\n')), bare)
    assert found.texts == ['say "hi', "bye"]
    assert found.labels == ["1", "0"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"texts\.csv is empty\."),
        (b"text,label\ngood,1\n\xff,0\n", r"texts\.csv, line 3, is not UTF-8: a byte of it is 0xff\."),
        ("text,label\n", r"texts\.csv has no row below its first line\."),
        ("text,label\ngood\n", r"texts\.csv, line 2, has one cell; it must have 2\."),
        ("text,label\n ,1\n", r"texts\.csv, line 2, has nothing in the column 'text'\."),
        ("text,label,text\n", r"texts\.csv has two columns called 'text'\."),
        ('text,label\n"good,1\n', r"texts\.csv, the row that begins in line 2, is not CSV: unexpected "),
        ("text;label\ngood;1\n", r"The columns of texts\.csv are separated by semicolons; they must be separated by "),
        (
            "texts,label\n",
            r"There is no column 'text' in line 1 of texts\.csv; did you mean 'texts'\? Allowed: label, texts; "
            r"set task\.text_column, or task\.header=false if line 1 names no columns\.",
        ),
    ],
)
def test_a_faulty_table_is_one_sentence(tmp_path: Path, content: str | bytes, message: str) -> None:
    with pytest.raises(UserError, match=message):
        read(tmp_path, content)


def test_an_unknown_part_is_refused(tmp_path: Path) -> None:
    table = TextColumns("text", "label", "part", None, header=True)
    message = r"texts\.csv, line 2, has 'tset' in the column 'part'; allowed: train, val, test\."
    with pytest.raises(UserError, match=message):
        read(tmp_path, "text,label,part\ngood,1,tset\n", table)


def test_a_folder_with_parts(tmp_path: Path) -> None:
    for part in ("train", "test"):
        for label in ("no", "yes"):
            (tmp_path / part / label).mkdir(parents=True)
            (tmp_path / part / label / "one.txt").write_text(f"{part} {label}", encoding="utf-8")
    found = read_text_folder(str(tmp_path), None)
    assert found.texts == ["test no", "test yes", "train no", "train yes"]
    assert found.parts == ["test", "test", "train", "train"]
    assert found.places[0] == "test/no/one.txt"
    (tmp_path / "test" / "no" / "one.txt").write_bytes(b"a\n\xfe")
    with pytest.raises(UserError, match=r"one\.txt, line 2, is not UTF-8"):
        read_text_folder(str(tmp_path), None)


def _file(folder: Path, name: str, content: str) -> Path:
    file = folder / name
    file.write_bytes(content.encode())
    return file
