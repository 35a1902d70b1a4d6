"""`python -m emsp_adapter` is the command `emsp-adapter`."""

from __future__ import annotations

from emsp_adapter.cli import main

if __name__ == "__main__":
    main()
