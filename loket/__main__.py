"""`python -m loket` is the same as `loket`."""

from __future__ import annotations

from loket.command import main

if __name__ == "__main__":
    main()
