"""`python -m ocpi_hub` is `ocpi-hub`, for where the command itself is not on the path."""

from __future__ import annotations

from ocpi_hub.cli import main

if __name__ == "__main__":
    main()
