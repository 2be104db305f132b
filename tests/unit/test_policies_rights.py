"""Rights over a life of publishing: documents come, go and change their readers, and two libraries look at one folder.

The oracle is one line: somebody may read a document when one of their groups is in its audience. After every step both
libraries must give each reader all they may read, nothing else, and as many as they were asked for.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from policies.library import Library
from tests.policy_room import Room

GROUPS = ("all-staff", "hr-staff", "managers", "board", "Board", "it-staff")
AUDIENCES = st.frozensets(st.sampled_from(GROUPS), min_size=1, max_size=3)
READERS = st.frozensets(st.sampled_from((*GROUPS, "strangers", "", "all-staff ")), max_size=4)
NAMES = st.sampled_from([f"rule{number}" for number in range(7)])
QUESTIONS = ("parking rule", "what is the parking rule", "colour of the parking permit")


@dataclass(frozen=True)
class Published:
    """What the oracle knows of a document."""

    audience: frozenset[str]
    marker: str
    answer: bool


class Rights(RuleBasedStateMachine):
    """Publishes through one library and reads through both."""

    @initialize()
    def open(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="loket-rights-"))
        self.room = Room(self.home)
        self.libraries: tuple[Library, Library] = (self.room.library, self.room.another())
        self.published: dict[str, Published] = {}
        self.seen: dict[str, str] = {}
        self.count = 0

    def teardown(self) -> None:
        if hasattr(self, "room"):
            for library in self.libraries:
                library.close()
            self.room.database.close()
            shutil.rmtree(self.home, ignore_errors=True)

    @rule(name=NAMES, audience=AUDIENCES, answer=st.booleans(), through=st.integers(0, 1))
    def publish(self, name: str, audience: frozenset[str], answer: bool, through: int) -> None:
        """A new document, or another text for other readers under an old name."""
        self.count += 1
        marker = f"colour{self.count}"
        kind = "kind: answer\nquestions: [what is the parking rule]\nrests_on: [rule0]\n" if answer else ""
        front = f"id: {name}\naudience: [{', '.join(sorted(audience))}]\n{kind}"
        self.room.write(f"{name}.md", f"---\n{front}---\nThe parking rule {name} has the permit {marker}.\n")
        self.published[f"handbook/{name}.md"] = Published(audience, marker, answer)
        self.ingest(through)

    @rule(name=NAMES, audience=AUDIENCES, through=st.integers(0, 1))
    def change_readers(self, name: str, audience: frozenset[str], through: int) -> None:
        """The same text for other people."""
        path = f"handbook/{name}.md"
        if path in self.published:
            old = self.published[path]
            self.publish_text(name, audience, old.marker)
            self.published[path] = Published(audience, old.marker, False)
            self.ingest(through)

    @rule(name=NAMES, through=st.integers(0, 1), by_name=st.booleans())
    def withdraw(self, name: str, through: int, by_name: bool) -> None:
        """Deleted from the folder, or removed by name and not there any more."""
        path = f"handbook/{name}.md"
        if path not in self.published or len(self.published) == 1:
            return
        (self.room.folder / f"{name}.md").unlink()
        del self.published[path]
        if by_name:
            self.run(self.libraries[through].remove(path))
        self.ingest(through)

    @rule()
    def rebuild(self) -> None:
        """Both indexes made anew."""
        if self.published:
            self.run(self.libraries[1].rebuild())

    @rule(groups=READERS, question=st.sampled_from(QUESTIONS), at=st.integers(0, 1), k=st.sampled_from((1, 3, 100)))
    def read(self, groups: frozenset[str], question: str, at: int, k: int) -> None:
        """A reader gets what the oracle allows, and no gap where something forbidden would have stood."""
        allowed = {path: one for path, one in self.published.items() if one.audience & groups}
        found = self.run(self.libraries[at].search(question, groups, k))
        assert {passage.path for passage in found} <= allowed.keys()
        assert len(found) == min(k, len(allowed))
        said = " ".join(f"{passage.text} {passage.title} {passage.rests_on}" for passage in found)
        forbidden = [one.marker for path, one in self.published.items() if path not in allowed]
        assert not [marker for marker in forbidden if f"{marker}." in said]
        if not self.published.get("handbook/rule0.md", Published(frozenset(), "", False)).audience & groups:
            assert all("rule0" not in " ".join(passage.rests_on).lower() for passage in found)
        self.seen |= {passage.passage_id: passage.path for passage in found}

    @rule(groups=READERS, at=st.integers(0, 1))
    def look_up(self, groups: frozenset[str], at: int) -> None:
        """A passage that somebody was once shown, asked for by its id."""
        for passage_id, path in self.seen.items():
            passage = self.run(self.libraries[at].passage(passage_id, groups))
            if passage is not None:
                assert path in self.published
                assert self.published[path].audience & groups
                assert passage.text.endswith(f"{self.published[path].marker}.")

    @invariant()
    def the_list_says_who_may_read(self) -> None:
        if hasattr(self, "room"):
            listed = {one.path: one.audience for one in self.run(self.libraries[0].documents())}
            assert listed == {path: one.audience for path, one in self.published.items()}

    def publish_text(self, name: str, audience: frozenset[str], marker: str) -> None:
        front = f"id: {name}\naudience: [{', '.join(sorted(audience))}]\n"
        self.room.write(f"{name}.md", f"---\n{front}---\nThe parking rule {name} has the permit {marker}.\n")

    def ingest(self, through: int) -> None:
        self.run(self.libraries[through].ingest(self.room.folder))

    @staticmethod
    def run(work: Any) -> Any:
        return asyncio.run(work)


_nightly = settings.get_current_profile_name() == "nightly"
Rights.TestCase.settings = settings(
    max_examples=200 if _nightly else 4,
    stateful_step_count=25,
    deadline=None,
    derandomize=not _nightly,
    database=None,
    suppress_health_check=list(HealthCheck),
)
TestRights = pytest.mark.slow(Rights.TestCase)
