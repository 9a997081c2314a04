import subprocess
import sys

CODE = """
import os, sys
from gatebench.machine.forks import is_fork
child = os.fork()
if not child:
    os._exit(0 if is_fork() else 1)
sys.exit(os.waitpid(child, 0)[1] != 0 or is_fork())
"""


def test_only_the_child_is_a_fork() -> None:
    assert subprocess.run([sys.executable, "-c", CODE]).returncode == 0
