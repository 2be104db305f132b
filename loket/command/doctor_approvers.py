"""What `loket doctor` says of approvers who have to sign in: whether the rules ask for more than is set up here."""

from __future__ import annotations

from actions.rules import Rules
from actions.step_up import StepUp
from core.risk import Risk
from loket.command.doctor_server import Finding
from web_app.sign_in.settings import OidcSettings

WHAT = "approvers' sign-in"


def approvers(rules: Rules, step_up: StepUp | None, oidc: OidcSettings) -> Finding:
    """What is asked of approvers, and what is missing for it."""
    asking = sorted(name for name, rule in rules.tools.items() if rule.approvers_sign_in)
    if step_up is not None:
        tools = sorted({name for name, rule in rules.tools.items() if rule.tier is Risk.CRITICAL} | set(asking))
        return Finding(WHAT, good=True, detail=f"for whatever is critical, among it {', '.join(tools) or 'no tool'}")
    lacking = "LOKET_OIDC_STEP_UP_ACR or LOKET_OIDC_STEP_UP_AMR" if oidc.is_set else "LOKET_OIDC_ISSUER"
    if asking:
        detail = f"{', '.join(asking)} cannot be approved: the rules ask for it, and nobody can sign in"
        return Finding(WHAT, good=False, detail=detail, advice=f"set {lacking} (docs/sign-in.md)")
    detail = "none: what is critical is approved by clicks alone"
    advice = f"where a provider is, set {lacking}, and approvers_sign_in in the rules (docs/sign-in.md)"
    return Finding(WHAT, good=not oidc.is_set, detail=detail, advice=advice, fatal=False)
