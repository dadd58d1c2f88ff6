-- The work file. Ids of resources and entitlements are interned, so that a staged grant is a handful of small integers.

CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE collections (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    key TEXT,
    state INTEGER NOT NULL DEFAULT 0,
    cursor TEXT,
    restarts INTEGER NOT NULL DEFAULT 0,
    restart_reasons TEXT NOT NULL DEFAULT '[]',
    pages INTEGER NOT NULL DEFAULT 0,
    items INTEGER NOT NULL DEFAULT 0,
    total INTEGER,
    rows INTEGER NOT NULL DEFAULT 0,
    filtered INTEGER NOT NULL DEFAULT 0,
    notes TEXT NOT NULL DEFAULT '[]',
    gap TEXT
);
CREATE UNIQUE INDEX collections_address ON collections (name, key IS NULL, ifnull(key, ''));

-- Who found a listing; 0 is the run's begin. A listing that nobody finds any more goes away.
CREATE TABLE discoveries (finder INTEGER NOT NULL, found INTEGER NOT NULL, PRIMARY KEY (finder, found)) WITHOUT ROWID;
CREATE INDEX discoveries_found ON discoveries (found);

-- Digests, not texts: a cursor may be 64 KiB.
CREATE TABLE cursors (collection INTEGER NOT NULL, digest BLOB NOT NULL, PRIMARY KEY (collection, digest)) WITHOUT ROWID;

CREATE TABLE pages (id INTEGER PRIMARY KEY, collection INTEGER NOT NULL, number INTEGER NOT NULL, digest BLOB);
CREATE INDEX pages_collection ON pages (collection, digest);

-- Collection 0 is connect. No index by collection: facts are removed rarely, and written and looked up all the time.
CREATE TABLE facts (
    key TEXT NOT NULL, collection INTEGER NOT NULL, value BLOB NOT NULL, PRIMARY KEY (key, collection)
) WITHOUT ROWID;

-- An id may have several numbers: whether it has one already is only looked up in a bounded memory. The final pass ranks
-- ids by their texts, and there the numbers of one id meet.
CREATE TABLE resource_ids (id INTEGER PRIMARY KEY, type TEXT NOT NULL, resource TEXT NOT NULL);

-- An entitlement id with the resource that a row gives it: two rows of one id are a contradiction, found at the end.
CREATE TABLE entitlement_ids (id INTEGER PRIMARY KEY, external_id TEXT NOT NULL, resource INTEGER NOT NULL);

CREATE TABLE staged_resources (
    id INTEGER PRIMARY KEY, page INTEGER NOT NULL, resource INTEGER NOT NULL, parent INTEGER, stub INTEGER NOT NULL, data BLOB NOT NULL
);
CREATE INDEX staged_resources_page ON staged_resources (page, resource);

CREATE TABLE staged_entitlements (
    id INTEGER PRIMARY KEY, page INTEGER NOT NULL, entitlement INTEGER NOT NULL, stub INTEGER NOT NULL, data BLOB NOT NULL
);

-- Most grants are nothing but two ids: a page's lie packed in one blob (`pairs`).
CREATE TABLE staged_pairs (page INTEGER PRIMARY KEY, pairs BLOB NOT NULL);

-- The others, with what few have: an id of their own, annotations (as a Grant message with nothing else), expansion, a
-- principal that another file holds. No index at all while loading: a restart is rare, a grant is not.
CREATE TABLE staged_grants (
    id INTEGER PRIMARY KEY, page INTEGER NOT NULL, entitlement INTEGER NOT NULL, principal INTEGER NOT NULL,
    external_id TEXT, annotations BLOB NOT NULL, expansion BLOB, matches INTEGER NOT NULL
);
