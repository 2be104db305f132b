"""Importing one module of a package that an admin released: with an end, and nothing it does then stops the desk."""

from __future__ import annotations

import importlib
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

from core.errors import ConfigError

SECONDS = 5.0
"""An import that takes longer is given up; it may go on in its thread, and nobody waits for it."""


@dataclass(slots=True)
class _Ended:
    module: ModuleType | None = None
    error: str = ""
    done: threading.Event = field(default_factory=threading.Event)


def import_within(name: str, file: Path, seconds: float = SECONDS) -> ModuleType:
    """The module `name`, which must be this file. Raises `ConfigError` when it raises, exits, hangs or is another.

    What the module says of an error stays out of the message: it may quote anything.
    """
    found = sys.modules.get(name)
    if found is None:
        ended = _Ended()
        thread = threading.Thread(target=_import, args=(name, ended), name=f"import {name}", daemon=True)
        thread.start()
        if not ended.done.wait(seconds):
            raise ConfigError(f"importing {name!r} takes longer than {seconds:g} s: an import must only declare")
        if ended.module is None:
            raise ConfigError(f"importing {name!r} ended with {ended.error}")
        found = ended.module
    origin = getattr(found, "__file__", None)
    if not isinstance(origin, str) or Path(origin).resolve() != file:
        raise ConfigError(f"the module {name!r} that Python finds is not the one of the package: rename it")
    return found


def _import(name: str, ended: _Ended) -> None:
    try:
        ended.module = importlib.import_module(name)
    except BaseException as error:  # noqa: BLE001 - also SystemExit: a tool may be switched off by it, the desk not
        ended.error = type(error).__name__
    finally:
        ended.done.set()
