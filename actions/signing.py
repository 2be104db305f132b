"""What the pages for people who sign in ask of the gate: proof of identity, and an approver's yes."""

from __future__ import annotations

from actions import approving, proof_links
from actions.approving import ToApprove
from actions.parts import GateParts
from actions.signed_in import prove_by_sign_in
from core.ports import Decision
from core.sign_in import SignedIn


class Signing:
    """The part of `Gate` that knows sign-ins. A `reference` is the hash of a link's token."""

    parts: GateParts

    async def proof_wanted(self, reference: str) -> bool:
        """Whether a link to the page of proof still helps. `reference` is the hash of its token."""
        return await self.parts.database.read(lambda tx: proof_links.is_wanted(tx, reference))

    async def prove_by_sign_in(self, signed: SignedIn) -> Decision:
        """Take a fresh sign-in as proof of identity, for the action whose link `signed.reference` is.

        Never raises for what a person may do wrong.
        """
        return await prove_by_sign_in(self.parts, signed)

    async def approval_wanted(self, reference: str) -> bool:
        """Whether an approver's link still holds, and its action still waits for votes."""
        return await approving.is_wanted(self.parts, reference)

    async def approver_signed_in(self, signed: SignedIn, browser_hash: str) -> Decision:
        """An approver came back from signing in for the link `signed.reference`. It is no vote yet.

        `browser_hash` names the browser: only there the action is shown, and only there the yes can be given. Never
        raises for what a person may do wrong.
        """
        return await approving.approver_signed_in(self.parts, signed, browser_hash)

    async def to_approve(self, reference: str, browser_hash: str) -> ToApprove | None:
        """What whoever signed in for a link, in this browser, would approve; None for everybody else."""
        return await approving.to_approve(self.parts, reference, browser_hash)

    async def approve_signed_in(self, reference: str, browser_hash: str, language: str = "en") -> Decision:
        """Cast the vote of whoever signed in for a link, in this browser. Never raises for what a person may do wrong.

        `language` is for those who are nobody here.
        """
        return await approving.approve_signed_in(self.parts, reference, browser_hash, language)
