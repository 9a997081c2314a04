from gatebench.control import SAVE_SECONDS, Control


def test_by_default_a_trial_begins_at_its_first_step_and_is_never_stopped() -> None:
    control = Control()
    control.save(b"content")  # nothing keeps it
    assert control.resume is None
    assert not control.should_stop()
    assert control.save_seconds == SAVE_SECONDS
