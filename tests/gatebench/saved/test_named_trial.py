from dataclasses import replace

import pytest

from gatebench.errors import UserError
from gatebench.saved.named_trial import trial_of_digest
from tests.gatebench.report.studies import outcome


def test_a_finished_outcome_counts_before_a_newer_failure() -> None:
    done = outcome("lstm", 0, 0.5, digest="abc1")
    failed, other = replace(done, status="failed"), outcome("gru", 0, 0.5, digest="abd")
    assert trial_of_digest([failed, done, failed, other], "mine", "abc") is done
    assert trial_of_digest([done, replace(other, status="lost")], "mine", "abd").status == "lost"


@pytest.mark.parametrize(
    ("digest", "message"),
    [
        ("ab", r"^The study 'mine' has 2 trials 'ab'\. gatebench\.load_study lists their digests\.$"),
        ("abx", r"^The study 'mine' has no trial 'abx'; did you mean 'abd'\? "),
        ("", r"^The study 'mine' has no trial ''"),
    ],
)
def test_no_trial_and_several_trials_have_a_sentence(digest: str, message: str) -> None:
    trials = [outcome("lstm", 0, 0.5, digest="abc1"), outcome("gru", 0, 0.5, digest="abd")]
    with pytest.raises(UserError, match=message):
        trial_of_digest(trials, "mine", digest)
