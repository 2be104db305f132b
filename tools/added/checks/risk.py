"""Does a document say less of its risk than its method and its words do?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.risk import Risk
from tools.added.checks.findings import Finding, failed, passed
from tools.added.document import ToolDocument
from tools.added.openapi_reading import least_risk as least_of_operation
from tools.added.risk_words import suggested_risk

CHECK = "risk"


def check_risk(document: ToolDocument) -> list[Finding]:
    """Never below what was proposed."""
    least, why = least_risk(document)
    if document.risk.rank < least.rank:
        return [failed(CHECK, f"it is {document.risk}, but {why}: at least {least}", f"set `risk: {least}`")]
    return [passed(CHECK, f"{document.risk}; {why}: at least {least}")]


def least_risk(document: ToolDocument) -> tuple[Risk, str]:
    """The least that the method and the words allow, and why. What a server says of itself does not count."""
    source = document.source
    match document.kind:
        case "form":
            return Risk.WRITE, "a form is filed or kept"
        case "python":
            return Risk.READ, "its author's own word is the least, and the loader holds it to that"
        case "openapi":
            method, operation = str(source.get("method", "")).casefold(), _mapping(source.get("operation"))
            least = least_of_operation(method, str(source.get("path", "")), operation, document.name)
            return least, f"its method ({method.upper() or 'none'}) and its words say so"
    tool = _mapping(source.get("tool"))
    told = " ".join(str(tool.get(key) or "") for key in ("title", "description"))
    return suggested_risk(str(tool.get("name") or document.name), told), "the words of its name and description say so"


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
