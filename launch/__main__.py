"""`python -m launch VERB …` is the same as `gatebench VERB …`."""

import sys

from launch.main import main

if __name__ == "__main__":
    sys.exit(main())
