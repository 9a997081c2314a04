import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gatebench.errors import UserError
from gatebench.records.home import Home

HOLD = """
import sys, time
from pathlib import Path
from gatebench.records.home import Home

with Home(Path(sys.argv[1])).lock():
    print("held", flush=True)
    time.sleep(60)
"""


def hold(root: Path) -> subprocess.Popen[str]:
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(root)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


def test_nothing_is_created_before_it_is_locked(tmp_path: Path) -> None:
    home = Home(tmp_path / "deep" / "home")
    assert home.tracking_uri.startswith("sqlite:////")
    assert not (tmp_path / "deep").exists()
    with home.lock():
        assert home.root.is_dir()


def test_a_busy_home_is_refused_with_the_process_that_holds_it(tmp_path: Path) -> None:
    holder = hold(tmp_path)
    try:
        with pytest.raises(UserError, match=f"in use by process {holder.pid}"), Home(tmp_path).lock():
            pass
    finally:
        holder.terminate()
        holder.communicate()


def test_a_killed_holder_leaves_the_home_free(tmp_path: Path) -> None:
    holder = hold(tmp_path)
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    with Home(tmp_path).lock():
        assert (tmp_path / ".lock").read_text() == f"process {os.getpid()}"


def test_the_lock_is_free_again_after_an_error_inside(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), Home(tmp_path).lock():
        _ = 1 / 0
    with Home(tmp_path).lock():
        pass


def test_a_file_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("mine")
    with pytest.raises(UserError, match="is a file; it must be a folder"), Home(tmp_path / "home").lock():
        pass
    assert (tmp_path / "home").read_text() == "mine"


def test_a_folder_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(UserError, match="cannot be written to: Not a directory"),
        Home(tmp_path / "file" / "home").lock(),
    ):
        pass


def test_a_place_where_no_folder_can_be_made_is_refused() -> None:
    with pytest.raises(UserError, match="cannot be written to"), Home(Path("/proc/gatebench")).lock():
        pass


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(UserError, match="cannot be written to: Permission denied"), Home(tmp_path).lock():
        pass
