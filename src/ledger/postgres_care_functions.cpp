// SPDX-License-Identifier: MIT
#include "ledger/postgres_schema.hpp"

namespace tally {
inline namespace TALLY_ABI {

const std::string_view postgres_care_functions = R"sql(
-- A dead owner's row becomes `r`, unless it was settled meanwhile. How many rows that are.
CREATE OR REPLACE FUNCTION tally_recover(r tally_row, attempts text[], at_us bigint) RETURNS int
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM tally_lock('{}', attempts);
  PERFORM FROM tally_ledger AS l
    WHERE l.attempt_id = r.attempt_id AND l.state = 'reserved' FOR UPDATE;
  IF NOT FOUND THEN
    RETURN 0;
  END IF;
  PERFORM tally_settle(r, '[]', at_us);
  RETURN 1;
END $$;

CREATE OR REPLACE FUNCTION tally_put_budget(b jsonb, whole text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  old jsonb;
BEGIN
  PERFORM tally_lock(ARRAY[b->>'id'], '{}');
  SELECT counted INTO old FROM tally_budget WHERE budget_id = b->>'id';
  IF old - 'limit' <> b - 'limit' THEN  -- Other calls, times or money count now: made anew from the rows.
    DELETE FROM tally_budget_entry WHERE budget_id = b->>'id';
    DELETE FROM tally_budget_window WHERE budget_id = b->>'id';
  END IF;
  INSERT INTO tally_budget VALUES (b->>'id', b, whole)
    ON CONFLICT (budget_id) DO UPDATE SET counted = excluded.counted, json = excluded.json;
END $$;

CREATE OR REPLACE FUNCTION tally_remove_budget(id text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM tally_lock(ARRAY[id], '{}');
  DELETE FROM tally_budget_entry WHERE budget_id = id;
  DELETE FROM tally_budget_window WHERE budget_id = id;
  DELETE FROM tally_budget WHERE budget_id = id;
END $$;

CREATE OR REPLACE FUNCTION tally_budget_status(b jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  w tally_budget_window;
BEGIN
  PERFORM tally_lock(ARRAY[b->>'id'], '{}');
  w := tally_window(b);  -- By itself: the next statement has to see what it made.
  RETURN tally_status(w, tally_in_flight(w.budget_id));
END $$;

CREATE OR REPLACE FUNCTION tally_verify(repair boolean) RETURNS TABLE(stored jsonb, spent text, held text)
LANGUAGE plpgsql AS $$
DECLARE
  w tally_budget_window;
  found record;
BEGIN
  PERFORM tally_lock(ARRAY(SELECT budget_id FROM tally_budget_window), '{}');
  FOR w IN SELECT * FROM tally_budget_window ORDER BY budget_id, window_begin, window_end LOOP
    SELECT * INTO found FROM tally_counted_in(w);
    CONTINUE WHEN (found.spent, found.held, found.estimated, found.unpriced_calls)
                = (w.spent, w.held, w.estimated, w.unpriced_calls);
    stored := tally_status(w, tally_in_flight(w.budget_id)) || jsonb_build_object(
      'id', w.budget_id, 'begin', w.window_begin, 'end', w.window_end, 'currency', w.currency,
      'limit', (SELECT counted->>'limit' FROM tally_budget WHERE budget_id = w.budget_id));
    spent := found.spent;
    held := found.held;
    IF repair THEN
      UPDATE tally_budget_window AS t
        SET spent = found.spent, held = found.held, estimated = found.estimated,
            unpriced_calls = found.unpriced_calls
        WHERE t.budget_id = w.budget_id AND t.window_begin = w.window_begin
          AND t.window_end = w.window_end;
      UPDATE tally_budget_entry AS e
        SET charged = tally_counted(l.state, l.cost, l.currency, l.hold, l.hold_currency,
                                    e.currency, e.held),
            is_estimate = l.state = 'estimated',
            is_unpriced = tally_is_unpriced(l.state, l.cost, l.currency, l.hold, l.hold_currency,
                                            e.currency)
        FROM tally_ledger AS l
        WHERE l.attempt_id = e.attempt_id AND e.charged IS NOT NULL AND e.budget_id = w.budget_id
          AND e.window_begin = w.window_begin AND e.window_end = w.window_end;
    END IF;
    RETURN NEXT;
  END LOOP;
END $$;

CREATE OR REPLACE FUNCTION tally_prune(before_us bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  pruned bigint;
BEGIN
  PERFORM tally_lock(ARRAY(SELECT budget_id FROM tally_budget_window), '{}');
  WITH gone AS (
    DELETE FROM tally_ledger AS l
      WHERE l.state <> 'reserved' AND coalesce(l.billed_us, l.started_us) < before_us
        AND NOT EXISTS (SELECT FROM tally_budget_entry AS e
                        WHERE e.attempt_id = l.attempt_id AND e.charged IS NULL)
      RETURNING l.attempt_id),
  forgotten AS (
    DELETE FROM tally_history AS h USING gone WHERE h.attempt_id = gone.attempt_id),
  counted AS (
    DELETE FROM tally_budget_entry AS e USING gone WHERE e.attempt_id = gone.attempt_id
      RETURNING e.*),
  kept AS (
    UPDATE tally_budget_window AS w
      SET carried = w.carried + s.charged, carried_estimated = w.carried_estimated + s.estimated,
          carried_unpriced = w.carried_unpriced + s.unpriced
      FROM (SELECT budget_id, window_begin, window_end, sum(charged) AS charged,
                   coalesce(sum(charged) FILTER (WHERE is_estimate), 0) AS estimated,
                   count(*) FILTER (WHERE is_unpriced) AS unpriced
            FROM counted GROUP BY 1, 2, 3) AS s
      WHERE w.budget_id = s.budget_id AND w.window_begin = s.window_begin
        AND w.window_end = s.window_end)
  SELECT count(*) INTO pruned FROM gone;
  RETURN pruned;
END $$;

CREATE OR REPLACE FUNCTION tally_erase(label jsonb) RETURNS bigint LANGUAGE sql AS $$
  WITH bare AS (
    UPDATE tally_ledger SET labels = '{}' WHERE labels @> label RETURNING attempt_id),
  past AS (
    UPDATE tally_history AS h SET before = jsonb_set(before, '{labels}', '{}') FROM bare
      WHERE h.attempt_id = bare.attempt_id)
  SELECT count(*) FROM bare $$;
)sql";

}  // namespace TALLY_ABI
}  // namespace tally
