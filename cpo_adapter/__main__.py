"""`python -m cpo_adapter` is `cpo-adapter`, for where the command itself is not on the path."""

from __future__ import annotations

from cpo_adapter.cli import main

if __name__ == "__main__":
    main()
