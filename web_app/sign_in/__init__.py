"""Signing in with the organisation's own identity provider (OpenID Connect), for one purpose at a time.

`flow.SignIn(settings.oidc, database, directory, fetch)`; its `begin("reveal", reference, fresh=True)` is the answer to
a POST and sends the browser away. `returning.Returning(sign_in, database, {"reveal": handler}).routes()` is where it
comes back; `handler(signed, request)` makes the answer. `signed.purpose` and `signed.reference` are what was begun. A
handler that shows more than one page opens a session: `sessions.Sessions(database, directory, "reveal", life)`, `await
sessions.open(signed, response)`, and from then on `await sessions.of(request)`.

Only `settings` is light: the settings of the whole product load it.
"""
