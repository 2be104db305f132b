"""The process that opens office files: one file name a line in, one line of JSON out. Started by `convert.py` only."""

from __future__ import annotations

import json
import logging
import os
import sys


def main() -> None:
    """Answer until the input ends. The first argument is the memory limit in megabytes."""
    _limit_memory(int(sys.argv[1]))
    # Libraries may print; only answers go out by the pipe.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    logging.disable(logging.CRITICAL)
    from markitdown import MarkItDown
    from markitdown.converters import DocxConverter, HtmlConverter, PdfConverter, XlsxConverter

    # Only these four: the others would fetch addresses, unpack archives or read garbage as text.
    converter = MarkItDown(enable_builtins=False, enable_plugins=False)
    for kind in (DocxConverter, HtmlConverter, PdfConverter, XlsxConverter):
        converter.register_converter(kind())
    for line in sys.stdin:
        answers.write(json.dumps(_answer(converter, json.loads(line))) + "\n")
        answers.flush()


def _answer(converter: object, name: str) -> dict[str, str]:
    try:
        return {"text": str(converter.convert_local(name).text_content)}  # type: ignore[attr-defined]
    except BaseException as error:  # noqa: BLE001 - whatever a broken file does, the others go on
        return {"error": f"{type(error).__name__}: {error}"[:2_000]}


def _limit_memory(memory_mb: int) -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limit; the time limit remains
        return
    size = memory_mb * 1_000_000
    resource.setrlimit(resource.RLIMIT_AS, (size, size))
