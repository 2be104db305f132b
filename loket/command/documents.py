"""How `loket policies` draws documents: the list of all, and one as it is kept, whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from core.plain_text import reveal
from policies.records import DocumentRecord, StoredDocument


def document_table(documents: Sequence[DocumentRecord]) -> Table:
    """One row a document."""
    table = Table()
    for name in ("collection", "path", "title", "kind", "owner", "language", "readers", "for", "holds", "passages"):
        table.add_column(name, overflow="fold")  # a path that is cut off could not be shown or removed
    for one in documents:
        cells = (
            one.collection,
            one.path,
            one.title,
            one.kind,
            one.owner or "-",
            one.language,
            ", ".join(sorted(one.audience)),
            meant_for(one.applies_to) or "everybody",
            f"{one.status}: {term(one)}",
            str(one.passages),
        )
        table.add_row(*(Text(cell) for cell in cells))
    return table


def print_document(console: Console, document: StoredDocument) -> None:
    """What it says about itself, then its passages. Hidden characters are spelled out: an admin must see them."""
    record = document.record
    lines = {
        "title": record.title,
        "kind": record.kind,
        "collection": record.collection,
        "id": record.document_id,
        "owner": record.owner,
        "contact": record.contact,
        "language": record.language,
        "readers": ", ".join(sorted(record.audience)),
        "meant for": meant_for(record.applies_to) or "everybody",
        "authority": record.authority,
        "holds": f"{record.status}: {term(record)}",
        "replaces": ", ".join(document.supersedes),
        "rests on": ", ".join(document.rests_on),
        "other language": document.pair,
        "asked by": "; ".join(document.questions),
        "keywords": ", ".join(document.keywords),
        "read in": record.ingested_at.isoformat(timespec="seconds"),
    }
    console.print(record.path, style="bold", markup=False)
    for name, value in lines.items():
        if value:
            console.print(f"  {name}: {reveal(value)}", markup=False, highlight=False)
    for number, passage in enumerate(document.passages, start=1):
        console.print()
        place = " › ".join(passage.heading_path) or record.title
        console.print(f"passage {number} of {len(document.passages)}: {reveal(place)}", style="bold", markup=False)
        if passage.questions:
            console.print(f"  asked by: {reveal('; '.join(passage.questions))}", markup=False, highlight=False)
        console.print(reveal(passage.text), markup=False, highlight=False)


def meant_for(applies_to: Mapping[str, object]) -> str:
    """`site: Zwolle; contract: permanent, temporary`; empty for everybody."""
    return "; ".join(
        f"{key}: {', '.join(map(str, values)) if isinstance(values, list) else values}"
        for key, values in applies_to.items()
    )


def term(record: DocumentRecord) -> str:
    """From when until when it holds, the day before its replacement starts included."""
    start = f"from {record.effective_from}" if record.effective_from else ""
    until = f"until {record.effective_until}" if record.effective_until else ""
    return " ".join(part for part in (start, until) if part) or "without dates"
