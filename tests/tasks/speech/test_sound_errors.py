import pytest
import soundfile

from gatebench.errors import UserError
from tasks.speech.sound_errors import check_complete, undecodable


def test_a_wav_file_has_the_announced_bytes() -> None:
    check_complete(b"RIFF\x04\0\0\0WAVE", "a.wav")
    check_complete(b"another format", "a.flac")
    with pytest.raises(UserError, match=r"a\.wav is truncated: its header announces 17 bytes, and it has 12\."):
        check_complete(b"RIFF\x09\0\0\0WAVE", "a.wav")


def test_the_reason_has_no_address_and_one_full_stop() -> None:
    error = soundfile.LibsndfileError(1, prefix="Error opening <_io.BytesIO object at 0x7f>: ")
    sentence = str(undecodable(b"12345678", "a.wav", "a sound", error))
    assert sentence == "a.wav (8 bytes) cannot be read as a sound: Format not recognised."
    other = undecodable(b"", "a.ogg", "a sound", ValueError("no."))
    assert str(other) == "a.ogg (0 bytes) cannot be read as a sound: no."
