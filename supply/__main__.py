"""`./dev sbom | secrets | advisories | licences`: what we are made of, and whether we may trust it (S29)."""

import sys
from importlib import import_module

if __name__ == "__main__":
    sys.exit(import_module(f"supply.{sys.argv[1]}").main(sys.argv[2:]))
