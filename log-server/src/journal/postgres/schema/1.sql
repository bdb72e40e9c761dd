-- Version 1: the tables of one log. Applied in one transaction; never changed once released.

-- The head: one row, which every commit locks. Small, so that it is rewritten in place.
CREATE TABLE log_head (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    origin text NOT NULL,
    admission text NOT NULL,
    size bigint NOT NULL CHECK (size >= 0),
    -- The root of the tree of `size` entries: a commit continues this very history, or is refused.
    root bytea NOT NULL CHECK (octet_length(root) = 32),
    -- The fencing number of commits: whoever gave one up as lost has counted it up.
    fence bigint NOT NULL,
    -- Why nothing more may be appended, on any server; NULL while all is well.
    stopped text
) WITH (fillfactor = 10);

-- Everything before the entries that are still held: a base frame of `journal/frame.rs`.
CREATE TABLE log_base (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    size bigint NOT NULL,
    base bytea NOT NULL
);

-- The batches of the entries that are still held. The id is how a server finds its own again.
CREATE TABLE log_batch (
    first bigint PRIMARY KEY,
    count bigint NOT NULL,
    id bytea NOT NULL UNIQUE
);

-- The entries that are not condensed into the base yet.
CREATE TABLE log_entry (
    index bigint PRIMARY KEY,
    entry bytea NOT NULL
);
-- Entries are small or do not compress; trying would be the dearest part of a commit.
ALTER TABLE log_entry ALTER COLUMN entry SET STORAGE EXTERNAL;

-- Every leaf hash of the log, for ever: no entry is in it twice.
CREATE TABLE log_leaf (
    leaf bytea PRIMARY KEY,
    index bigint NOT NULL
);

-- The last statement of each source: no sequence is taken twice and none is left out.
CREATE TABLE log_source (
    source text PRIMARY KEY,
    sequence bigint NOT NULL,
    leaf bytea NOT NULL,
    after bigint NOT NULL
) WITH (fillfactor = 50);

-- The last signed head and the published checkpoint; size -1 before the first.
CREATE TABLE log_note (
    kind text PRIMARY KEY CHECK (kind IN ('signed', 'published')),
    size bigint NOT NULL,
    note bytea NOT NULL
) WITH (fillfactor = 50);

-- Who signs and publishes, until when by this database's clock, and which office this is: the fencing
-- number is counted up whenever the office changes hands.
CREATE TABLE log_lease (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    holder bytea NOT NULL,
    fence bigint NOT NULL,
    until timestamptz NOT NULL
) WITH (fillfactor = 50);

-- One commit. Everything of it happens or nothing does; `done` says which.
CREATE FUNCTION log_append(
    IN expected bigint, IN was bytea, IN held bigint, IN batch bytea, IN becomes bytea,
    IN entries bytea[], IN leaves bytea[],
    IN sources text[], IN firsts bigint[], IN befores bytea[],
    IN lasts bigint[], IN last_leaves bytea[], IN afters bigint[],
    OUT done boolean, OUT now_size bigint, OUT now_root bytea, OUT now_fence bigint,
    OUT now_stopped text
) LANGUAGE plpgsql AS $$
DECLARE
    added bigint := cardinality(entries);
    moved bigint;
    made bigint;
BEGIN
    SELECT h.size, h.root, h.fence, h.stopped
        INTO STRICT now_size, now_root, now_fence, now_stopped
        FROM log_head AS h FOR UPDATE;
    done := now_size = expected AND now_root = was AND now_fence = held AND now_stopped IS NULL;
    IF NOT done THEN
        RETURN;
    END IF;
    UPDATE log_head SET size = expected + added, root = becomes;
    INSERT INTO log_batch (first, count, id) VALUES (expected, added, batch);
    INSERT INTO log_entry (index, entry)
        SELECT expected + g.place - 1, g.entry
        FROM unnest(entries) WITH ORDINALITY AS g (entry, place);
    INSERT INTO log_leaf (leaf, index)
        SELECT g.leaf, expected + g.place - 1
        FROM unnest(leaves) WITH ORDINALITY AS g (leaf, place);
    UPDATE log_source AS s
        SET sequence = g.last_sequence, leaf = g.last_leaf, after = g.last_after
        FROM unnest(sources, firsts, befores, lasts, last_leaves, afters)
            AS g (source, first_sequence, previous, last_sequence, last_leaf, last_after)
        WHERE s.source = g.source AND s.sequence + 1 = g.first_sequence AND s.leaf = g.previous;
    GET DIAGNOSTICS moved = ROW_COUNT;
    INSERT INTO log_source (source, sequence, leaf, after)
        SELECT g.source, g.last_sequence, g.last_leaf, g.last_after
        FROM unnest(sources, firsts, lasts, last_leaves, afters)
            AS g (source, first_sequence, last_sequence, last_leaf, last_after)
        WHERE g.first_sequence = 0;
    GET DIAGNOSTICS made = ROW_COUNT;
    IF moved + made <> cardinality(sources) THEN
        RAISE EXCEPTION 'a statement does not continue its source''s chain'
            USING ERRCODE = 'FD001';
    END IF;
    now_size := expected + added;
    now_root := becomes;
END $$;

-- Finds out about a commit whose answer was lost. Waits for it if it is still under way; if it has not
-- happened, the fence sees to it that it never will.
CREATE FUNCTION log_settle(IN batch bytea, OUT stored boolean, OUT now_fence bigint)
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM log_head FOR UPDATE;
    stored := EXISTS (SELECT 1 FROM log_batch AS b WHERE b.id = batch);
    IF NOT stored THEN
        UPDATE log_head SET fence = fence + 1;
    END IF;
    SELECT h.fence INTO STRICT now_fence FROM log_head AS h;
END $$;

-- Moves the base forward, never back. Both ends of what is deleted are named, so that rows which are
-- deleted and not vacuumed yet are not looked at.
CREATE FUNCTION log_trim(IN upto bigint, IN whole bytea) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    before bigint;
BEGIN
    SELECT b.size INTO STRICT before FROM log_base AS b FOR UPDATE;
    IF upto <= before OR upto > (SELECT h.size FROM log_head AS h) THEN
        RETURN false;
    END IF;
    UPDATE log_base SET size = upto, base = whole;
    DELETE FROM log_entry WHERE index >= before AND index < upto;
    DELETE FROM log_batch WHERE first < upto AND first + count <= upto;
    RETURN true;
END $$;
