"""Run `python -m kanmon`."""

import sys

from kanmon.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
