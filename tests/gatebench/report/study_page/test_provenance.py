from gatebench.report.study_page.provenance import provenance
from tests.gatebench.report.studies import outcome


def test_facts_that_differ_have_numbers_of_trials_and_versions_come_first() -> None:
    facts = {"weights": "kept", "backend": "fused", "version/torch": "2", "zebra": "x"}
    trials = [outcome("a", seed, 0.5, facts=facts) for seed in range(2)]
    trials.append(outcome("a", 2, 0.5, facts={"backend": "manual", "version/torch": "2", "data/a.csv": "12ab"}))
    assert provenance(trials) == [
        ("version/torch", "2"),
        ("backend", "fused (2 trials), manual (1 trial)"),
        ("data/a.csv", "12ab"),
        ("zebra", "x (2 trials), unknown (1 trial)"),
    ]
