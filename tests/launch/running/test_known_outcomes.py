import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from gatebench.control import Control
from gatebench.errors import Refusal
from gatebench.machine.fingerprint import REFUSED_ON, fingerprint
from gatebench.outcome import Epoch, Outcome
from gatebench.records.home import Home
from gatebench.records.owner import Owner
from gatebench.records.spool.spool import Spool
from gatebench.study import Study
from gatebench.trial import Trial
from launch.config.settings import Settings
from launch.running.attempt import attempt_in_sweep
from launch.running.known_outcomes import (
    KnownStudy,
    known_study,
    refusal_sentence,
    refusals,
    study_names,
    trials_to_run,
)
from tests.gatebench.records.writing_record import WritingRecord as Record
from tests.launch.trials import outcome, trial


def test_where_there_are_no_records_nothing_is_known_and_nothing_made(tmp_path: Path) -> None:
    assert known_study(Settings(home=str(tmp_path / "home")), "scratch") == KnownStudy(None, [])
    assert study_names(Settings(home=str(tmp_path / "home"))) == []
    assert list(tmp_path.iterdir()) == []


def test_mlflow_is_left_alone_then(tmp_path: Path) -> None:
    code = (
        "import sys; from launch.config.settings import Settings; "
        "from launch.running.known_outcomes import known_study; "
        f"known_study(Settings(home={str(tmp_path)!r}), 'scratch'); sys.exit('mlflow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_declaration_and_the_outcomes_of_one_study_are_read(tmp_path: Path) -> None:
    record = Record(Home(tmp_path), "mine")
    record.declare(Study("mine", "Why?"))
    record.end(trial(), outcome(trial()))
    Record(Home(tmp_path), "other").end(trial("gru"), outcome(trial("gru")))
    assert known_study(Settings(home=str(tmp_path)), "mine") == KnownStudy(Study("mine", "Why?"), [outcome(trial())])
    assert known_study(Settings(home=str(tmp_path)), "nothing") == KnownStudy(None, [])
    assert sorted(study_names(Settings(home=str(tmp_path)))) == ["mine", "other"]


def test_what_waits_in_the_spool_is_known_once(tmp_path: Path) -> None:
    home, settings = Home(tmp_path), Settings(home=str(tmp_path))
    spool = Spool(home, "mine", home.tracking_uri)
    spool.folder.create(Study("mine", "Why?").to_json())
    lstm, gru = trial(), trial("gru")
    for attempt, one, when in (("1" * 12, gru, 9.0), ("2" * 12, lstm, 4.0)):
        spool.begin(one, attempt, Owner("a" * 12, "host", 1), 1.0)
        spool.end(attempt, outcome(one, when=when))
    known = known_study(settings, "mine")
    assert known.declaration == Study("mine", "Why?")
    assert [one.digest for one in known.outcomes] == [lstm.digest, gru.digest]

    spooled = tmp_path / "spooled"
    shutil.copytree(spool.folder.open, spooled)
    shutil.rmtree(spool.folder.open / ("2" * 12))
    Record(home, "mine").end(trial("mgu"), outcome(trial("mgu")))
    shutil.rmtree(spool.folder.open)
    spooled.rename(spool.folder.open)  # gru is in the store, and its folder is not removed yet
    assert [one.digest for one in known_study(settings, "mine").outcomes] == [
        gru.digest,
        trial("mgu").digest,
        lstm.digest,
    ]


def test_a_sqlite_store_is_read_without_mlflow(tmp_path: Path) -> None:
    Record(Home(tmp_path), "mine").end(trial(), outcome(trial()))
    code = (
        "import sys; from launch.config.settings import Settings; "
        "from launch.running.known_outcomes import known_study, study_names; "
        f"settings = Settings(home={str(tmp_path)!r}); assert study_names(settings) == ['mine']; "
        "assert len(known_study(settings, 'mine').outcomes) == 1; sys.exit('mlflow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_trial_with_a_result_is_not_run_again_unless_forced() -> None:
    trials = [trial(cell) for cell in ("lstm", "gru", "rnn_tanh", "janet")]
    lstm, gru, rnn, janet = trials
    outcomes = [outcome(lstm), outcome(gru, "diverged"), outcome(rnn, "failed")]
    assert trials_to_run(trials, outcomes, force=False) == [rnn, janet]
    assert trials_to_run(trials, outcomes, force=True) == trials


def test_a_refused_trial_is_run_again_only_if_something_has_changed() -> None:
    trials = [trial(seed=seed) for seed in range(6)]
    same, earlier, unknown, then_done, then_failed, _ = trials
    here = {REFUSED_ON: fingerprint()}
    outcomes = [
        outcome(same, "refused", sentence="There is no GPU.", facts=here),
        outcome(earlier, "refused", facts={REFUSED_ON: "gatebench 0.0"}),
        outcome(unknown, "refused"),
        outcome(then_done, "refused", facts=here),
        outcome(then_done),
        outcome(then_failed, "refused", facts=here),
        outcome(then_failed, "failed"),
    ]
    refused = refusals(trials, outcomes, force=False)
    assert refused == {same.digest: outcomes[0]}
    assert trials_to_run(trials, outcomes, force=False) == [earlier, unknown, then_failed, trials[-1]]
    assert trials_to_run(trials, outcomes, force=True) == trials
    assert refusals(trials, outcomes, force=True) == {}
    assert refusal_sentence(refused) == (
        "1 trial was refused on this machine (There is no GPU), and nothing has changed since; "
        "force=true runs refused trials again."
    )
    assert refusal_sentence({**refused, "other": outcomes[1]}).startswith("2 trials were refused on this machine")


def test_the_refusal_of_an_attempt_keeps_the_fingerprint() -> None:
    def refuse(trial: Trial, *, emit: Callable[[Epoch], None], control: Control) -> Outcome:
        raise Refusal("There is no GPU.")

    ended = attempt_in_sweep(trial(), refuse, lambda epoch: None, Control())
    assert (ended.status, ended.facts[REFUSED_ON]) == ("refused", fingerprint())
    assert trials_to_run([trial()], [ended], force=False) == []
