-- Version 2: where full tiles are, and whether the log is here. Applied in one transaction; never changed
-- once released.

-- The store of full tiles, which is the same for all servers. A file in the store (`log-place`) has the
-- same id: a store that is only called the same, or a folder that is not mounted, lacks it.
CREATE TABLE log_place (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    store text NOT NULL,
    id bytea NOT NULL CHECK (octet_length(id) = 16)
);

-- The last move of this log into this database or out of it; no row in one that it was made in and never
-- left. Except for `here`, `log_head.stopped` says the same in words and stops every server.
CREATE TABLE log_move (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    -- Which move: the same at both ends.
    id bytea NOT NULL CHECK (octet_length(id) = 16),
    -- arriving: being filled. here: the log has arrived and is served here. closed: a move to here was
    -- given up. leaving: nothing is taken or signed here any more. moved: it is served elsewhere.
    state text NOT NULL CHECK (state IN ('arriving', 'here', 'closed', 'leaving', 'moved')),
    -- The other end, in words.
    other text NOT NULL,
    -- While it is filled: so many leaf hashes, from the first entry on, are in `log_leaf`.
    leaves bigint NOT NULL CHECK (leaves >= 0),
    -- And the full tiles of so many entries are in its store.
    tiles bigint NOT NULL CHECK (tiles >= 0)
);
