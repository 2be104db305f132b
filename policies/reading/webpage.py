"""What a web page says about itself: title, language and `<meta name="loket:…">` lines."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

from policies.reading import frontmatter
from policies.records import Header

PREFIX = "loket:"
_LISTS = frozenset({"audience", "supersedes", "questions", "keywords", "applies_to", "rests_on"})


def header(page: str, path: str) -> Header:
    """The header of a page; lists are separated by commas, or `;` for questions. Raises DocumentError."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    values: dict[str, object] = {}
    for key, content in reader.metas:
        if key in _LISTS:
            items = [item.strip() for item in content.split(";" if key == "questions" else ",")]
            values[key] = [item for item in items if item]
        else:
            values[key] = content
    found = frontmatter.header(values, path)
    return replace(
        found,
        title=found.title or " ".join(reader.title.split())[:500],
        language=found.language or (reader.language[:2].lower() if reader.language[:2].isalpha() else ""),
    )


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.metas: list[tuple[str, str]] = []
        self.title = ""
        self.language = ""
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {key: value or "" for key, value in attrs}
        if tag == "html":
            self.language = values.get("lang", "")
        elif tag == "title":
            self._in_title = not self.title
        elif tag == "meta" and values.get("name", "").startswith(PREFIX):
            self.metas.append((values["name"].removeprefix(PREFIX), values.get("content", "")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self._in_title = False

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data
