"""The tables of the embedded outside world. Times are ISO 8601 text in UTC, so that they sort as they happened."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS people (
    employee_id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    given_name TEXT NOT NULL,
    title TEXT NOT NULL,
    department TEXT NOT NULL,
    site TEXT NOT NULL,
    room TEXT NOT NULL,
    phone TEXT NOT NULL,
    email TEXT NOT NULL,
    manager_id TEXT,
    language TEXT NOT NULL,
    kind TEXT NOT NULL,
    active INTEGER NOT NULL,
    mobile TEXT,
    private_email TEXT,
    contact_changed_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS group_parents (name TEXT, parent TEXT, PRIMARY KEY (name, parent));
CREATE TABLE IF NOT EXISTS person_groups (employee_id TEXT, name TEXT, PRIMARY KEY (employee_id, name));
CREATE TABLE IF NOT EXISTS identities (
    channel TEXT, tenant TEXT, user TEXT, employee_id TEXT NOT NULL, PRIMARY KEY (channel, tenant, user)
);
CREATE TABLE IF NOT EXISTS accounts (
    account_id TEXT PRIMARY KEY,
    employee_id TEXT,
    kind TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    locked INTEGER NOT NULL DEFAULT 0,
    position INTEGER NOT NULL DEFAULT 0,
    credential TEXT NOT NULL DEFAULT '',
    must_change INTEGER NOT NULL DEFAULT 0,
    credential_changed_at TEXT,
    unlocked_at TEXT,
    pass TEXT NOT NULL DEFAULT '',
    pass_until TEXT
);
CREATE TABLE IF NOT EXISTS account_groups (account_id TEXT, name TEXT, PRIMARY KEY (account_id, name));
CREATE TABLE IF NOT EXISTS tickets (
    ticket_id TEXT PRIMARY KEY,
    queue TEXT NOT NULL,
    number INTEGER NOT NULL,
    summary TEXT NOT NULL,
    description TEXT NOT NULL,
    requester_id TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at TEXT NOT NULL,
    is_outage INTEGER NOT NULL DEFAULT 0,
    key TEXT UNIQUE,
    UNIQUE (queue, number)
);
CREATE TABLE IF NOT EXISTS comments (
    comment_id INTEGER PRIMARY KEY,
    ticket_id TEXT NOT NULL REFERENCES tickets,
    author_id TEXT NOT NULL,
    text TEXT NOT NULL,
    key TEXT NOT NULL UNIQUE,
    created_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS ticket_files (
    file_id INTEGER PRIMARY KEY,
    ticket_id TEXT NOT NULL REFERENCES tickets,
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    content BLOB NOT NULL,
    key TEXT NOT NULL UNIQUE,
    created_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS effects (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    object_id TEXT NOT NULL,
    key TEXT NOT NULL,
    at TEXT NOT NULL
);
"""

GROUPS_OF = """
WITH RECURSIVE held(name) AS (
    {start}
    UNION
    SELECT parent FROM group_parents JOIN held USING (name)
)
SELECT name FROM held
"""
"""Direct groups and all groups these are members of; `{start}` selects the direct ones."""
