"""Why a server's certificate was not accepted, in words that say what to look at."""

from __future__ import annotations

import ssl

_CAUSES = {
    9: "it is not valid yet: compare the clocks of both machines",
    10: "it has expired, or the clock of this machine is ahead",
    18: "it is signed by itself and by no authority that is trusted here",
    19: "no authority that is trusted here signed it",
    20: "no authority that is trusted here signed it",
    21: "no authority that is trusted here signed it",
    62: "it is for another name than the one in the settings",
    64: "it is for another address than the one in the settings",
}
"""By the codes of OpenSSL (x509_vfy.h, X509_V_ERR_…)."""


def why(error: ssl.SSLCertVerificationError) -> str:
    """The cause; what OpenSSL says of a rarer one. Neither quotes anything that a server sent."""
    return _CAUSES.get(error.verify_code) or error.verify_message.rstrip(".")


def behind(error: BaseException | None) -> str:
    """The same where a library raised something of its own because of it; empty for any other trouble."""
    for _ in range(10):
        if error is None:
            break
        if isinstance(error, ssl.SSLCertVerificationError):
            return why(error)
        error = error.__cause__ or error.__context__
    return ""
