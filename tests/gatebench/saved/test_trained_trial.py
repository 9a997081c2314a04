"""The trained network comes back from the records: same scores, same gates."""

from dataclasses import replace

import pytest
import torch

import gatebench
from gatebench.errors import UserError
from gatebench.records.home import Home
from gatebench.records.kept_network import KeptNetwork, kept_network
from gatebench.records.record import Record
from gatebench.saved import trained_trial
from tests.gatebench.saved.conftest import TrainedStudy


def test_the_network_has_the_test_score_of_its_trial(trained_study: TrainedStudy) -> None:
    loaded = gatebench.load_trial("mine", trained_study.trained.digest[:6], home=trained_study.home)
    assert loaded.trial == trained_study.trained
    assert loaded.outcome.metrics["test/accuracy"] == trained_study.outcome.metrics["test/accuracy"]
    test = loaded.problem.test
    batch = test.batch(torch.arange(len(test)))
    logits, gates = loaded.gates(batch)
    totals = {name: float(value) for name, value in loaded.problem.tally(logits, batch).items()}
    assert loaded.problem.scores(totals)["accuracy"] == pytest.approx(trained_study.outcome.metrics["test/accuracy"])
    assert not logits.requires_grad
    assert {"r", "z", "n"} <= gates[0].keys()


def test_a_trial_that_is_not_there_has_a_sentence(trained_study: TrainedStudy) -> None:
    wrong = trained_study.trained.digest[:-1] + "x"
    with pytest.raises(UserError) as caught:
        gatebench.load_trial("mine", wrong, home=trained_study.home)
    assert str(caught.value) == (
        f"The study 'mine' has no trial {wrong!r}; did you mean {trained_study.trained.digest!r}? gatebench.load_study "
        "lists their digests."
    )
    with pytest.raises(UserError, match=f"no weights of the trial {trained_study.failed.digest}; they are kept if"):
        gatebench.load_trial("mine", trained_study.failed.digest, home=trained_study.home)


def test_weights_and_configs_that_do_not_fit_have_a_sentence(
    trained_study: TrainedStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = trained_study.trained.digest
    kept = kept_network(Record(Home(trained_study.home), "mine"), digest)
    larger = {**kept.config, "model": {**kept.config["model"], "hidden_size": 5}}

    def error_with(changed: KeptNetwork) -> str:
        monkeypatch.setattr(trained_trial, "kept_network", lambda record, of: changed)
        with pytest.raises(UserError) as caught:
            gatebench.load_trial("mine", digest, home=trained_study.home)
        return str(caught.value)

    sentence = f"The kept weights of the trial {digest} are damaged, or do not fit its network."
    assert error_with(replace(kept, weights=kept.weights[:-1])) == sentence
    assert error_with(replace(kept, weights=b"\x80\x04cos\nsystem\n")) == sentence
    assert error_with(replace(kept, config=larger)).startswith(f"The trial {digest} was made by another version")
    assert error_with(replace(kept, config={"cell": {}})).endswith("in the records is not that of a trial.")
    assert error_with(replace(kept, config={**kept.config, "model": {"size": 3}})).endswith("not that of a trial.")
