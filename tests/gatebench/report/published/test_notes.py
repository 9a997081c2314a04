from gatebench.report.ablation_table import AblationTable
from gatebench.report.published.notes import NOT_COMPARABLE, SIGNIFICANCES, VALUES
from tests.gatebench.published import publications
from tests.gatebench.published.publications import publication
from tests.gatebench.report.studies import scored, table_of

OUTCOMES = scored(lstm=0.8, gru=0.8)


def table(**results: object) -> AblationTable:
    return table_of(OUTCOMES, baseline="lstm", published=(publication(**results),))


def test_a_table_without_published_results_has_no_note_on_them() -> None:
    plain = table_of(OUTCOMES, baseline="lstm")
    assert not any("ublished" in note for note in plain.notes)
    elsewhere = table(a={**publications.VALUES, "task": "digits"})
    assert elsewhere == plain


def test_the_notes_tell_the_rules_that_the_table_needs() -> None:
    values, significances = table(a=publications.VALUES).notes, table(a=publications.SIGNIFICANCES).notes
    assert [note in values for note in (VALUES, SIGNIFICANCES, NOT_COMPARABLE)] == [True, False, False]
    assert [note in significances for note in (VALUES, SIGNIFICANCES, NOT_COMPARABLE)] == [False, True, False]
    refused = table(a={**publications.VALUES, "decisive": ["it reads words"]}).notes
    assert NOT_COMPARABLE in refused


def test_the_notes_tell_the_meaning_of_the_marks_that_occur() -> None:
    notes = table(a=publications.VALUES).notes
    assert (
        "Marks: verified: read in the publication or in its authors' code; secondary: read in another publication."
        in notes
    )


def test_the_notes_tell_source_protocol_and_what_has_no_row() -> None:
    result = {
        **publications.VALUES,
        "data": "SST, two classes",
        "differences": ["Adam", "no dropout"],
        "others": {"TCN": "90.1 (secondary)"},
    }
    result["entries"] = {**result["entries"], "mgu": {"value": "79.9", "mark": "secondary"}}
    assert table(a=result).notes[-1] == (
        "Doe 2015: Doe, Gates, arXiv 1; Table 1. Data: SST, two classes. Its protocol: Adam; no dropout. Without a row "
        "here: mgu 79.9 (secondary), TCN 90.1 (secondary)."
    )
