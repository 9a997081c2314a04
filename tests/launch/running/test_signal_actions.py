import ctypes
import os
import signal
from threading import Thread

from launch.running.signal_actions import kept_action


def test_an_action_that_c_code_has_replaced_is_restored_from_any_thread() -> None:
    noted: list[int] = []
    before = signal.signal(signal.SIGUSR1, lambda number, frame: noted.append(number))

    def replace() -> None:
        with kept_action(signal.SIGUSR1):
            ignore = ctypes.c_void_p(1)  # SIG_IGN
            ctypes.CDLL(None).signal(int(signal.SIGUSR1), ignore)
            os.kill(os.getpid(), signal.SIGUSR1)

    try:
        thread = Thread(target=replace)
        thread.start()
        thread.join()
        assert noted == []
        os.kill(os.getpid(), signal.SIGUSR1)
        assert noted == [signal.SIGUSR1]
    finally:
        signal.signal(signal.SIGUSR1, before)
