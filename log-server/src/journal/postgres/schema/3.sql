-- Version 3: the entries of a batch lie in one row. Applied in one transaction; never changed once released.

-- A server of the version before may still be at work. What its commits, trims and reads lock is taken here at once
-- and in their order: none of them waits for this step while this step waits for it.
SELECT 1 FROM log_head FOR UPDATE;
LOCK TABLE log_base, log_entry, log_batch IN ACCESS EXCLUSIVE MODE;

-- A row for each entry, its place in an index, and its deletion were half of what a commit cost. Now they are
-- in the row of their batch: each with its length before it in two bytes, the higher first, as in a bundle.
ALTER TABLE log_batch ADD COLUMN entries bytea;
-- Entries are small or do not compress; trying would be the dearest part of a commit.
ALTER TABLE log_batch ALTER COLUMN entries SET STORAGE EXTERNAL;

-- Where the first batch begins that is still held: before `size`, if the base cuts through it. Rows that are
-- deleted and not vacuumed yet are not looked at to find it.
ALTER TABLE log_base ADD COLUMN first bigint;

-- Of the batch that the base cuts through, only what lies behind the base is still here.
UPDATE log_batch AS b SET first = s.size, count = b.first + b.count - s.size
    FROM log_base AS s WHERE b.first < s.size AND b.first + b.count > s.size;
DELETE FROM log_batch AS b USING log_base AS s WHERE b.first < s.size;
UPDATE log_batch AS b SET entries = (
    SELECT string_agg(substring(int4send(octet_length(e.entry)) FROM 3) || e.entry, ''::bytea ORDER BY e.index)
    FROM log_entry AS e WHERE e.index >= b.first AND e.index < b.first + b.count);
UPDATE log_base SET first = size;
ALTER TABLE log_batch ALTER COLUMN entries SET NOT NULL;
ALTER TABLE log_base ALTER COLUMN first SET NOT NULL;
DROP TABLE log_entry;

DROP FUNCTION log_append(
    bigint, bytea, bigint, bytea, bytea, bytea[], bytea[], text[], bigint[], bytea[], bigint[], bytea[], bigint[]);

-- One commit. Everything of it happens or nothing does; `done` says which.
CREATE FUNCTION log_append(
    IN expected bigint, IN was bytea, IN held bigint, IN batch bytea, IN becomes bytea,
    IN entries bytea, IN leaves bytea[],
    IN sources text[], IN firsts bigint[], IN befores bytea[],
    IN lasts bigint[], IN last_leaves bytea[], IN afters bigint[],
    OUT done boolean, OUT now_size bigint, OUT now_root bytea, OUT now_fence bigint,
    OUT now_stopped text
) LANGUAGE plpgsql AS $$
DECLARE
    added bigint := cardinality(leaves);
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
    INSERT INTO log_batch (first, count, id, entries) VALUES (expected, added, batch, entries);
    INSERT INTO log_leaf (leaf, index)
        SELECT g.leaf, expected + g.place - 1
        FROM unnest(leaves) WITH ORDINALITY AS g (leaf, place);
    IF cardinality(sources) > 0 THEN
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
    END IF;
    now_size := expected + added;
    now_root := becomes;
END $$;

-- Moves the base forward, never back. Both ends of what is deleted are named, so that rows which are
-- deleted and not vacuumed yet are not looked at.
CREATE OR REPLACE FUNCTION log_trim(IN upto bigint, IN whole bytea) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    before bigint;
    oldest bigint;
BEGIN
    SELECT b.size, b.first INTO STRICT before, oldest FROM log_base AS b FOR UPDATE;
    IF upto <= before OR upto > (SELECT h.size FROM log_head AS h) THEN
        RETURN false;
    END IF;
    DELETE FROM log_batch WHERE first >= oldest AND first < upto AND first + count <= upto;
    UPDATE log_base SET size = upto, base = whole, first = coalesce(
        (SELECT min(b.first) FROM log_batch AS b WHERE b.first >= oldest AND b.first < upto), upto);
    RETURN true;
END $$;
