"""`python -m sallet`."""

import sys

from sallet._cli import main

if __name__ == "__main__":
    sys.exit(main())
