// SPDX-License-Identifier: MIT
#include "ledger/postgres_schema.hpp"

namespace tally {
inline namespace TALLY_ABI {

// The rules here are those of budget_rules.hpp and charge.hpp, inside the database, so that a write
// costs one round trip and holds its locks no longer than that. The contract test of all stores
// holds both to the same.
//
// A budget is one object of the array `budgets`, in the order of ids:
// {id, currency, limit, begin, end, scope, amount, refuses, most_in_flight, requests_per_minute}.
//
// Every function begins after tally_lock has locked the gates of its budgets, in order of their
// ids: that is what keeps any number of clients free of deadlocks.

const std::string_view postgres_rule_functions = R"sql(
CREATE OR REPLACE FUNCTION tally_lock(budgets text[], attempts text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  wanted text[];
BEGIN
  wanted := ARRAY(
    SELECT id FROM (SELECT unnest(budgets) AS id
                    UNION SELECT budget_id FROM tally_budget_entry
                    WHERE attempt_id = ANY(attempts)) AS named
    ORDER BY id COLLATE "C");
  INSERT INTO tally_budget_gate SELECT unnest(wanted) ON CONFLICT DO NOTHING;
  PERFORM FROM tally_budget_gate WHERE budget_id = ANY(wanted) ORDER BY budget_id FOR UPDATE;
END $$;

-- charge_of: what a row counts in a currency; NULL where that is not known. These three are plain
-- expressions, which the planner puts in place of a call: they are asked for every row of a window.
CREATE OR REPLACE FUNCTION tally_charge(state text, cost numeric, currency text, hold numeric,
                             hold_currency text, wanted text) RETURNS numeric
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN state = 'not_billed' THEN 0
    WHEN state IN ('settled', 'estimated') THEN CASE WHEN currency = wanted THEN cost END
    ELSE greatest(CASE WHEN currency = wanted THEN cost END,
                  CASE WHEN hold_currency = wanted THEN hold END)
  END $$;

-- settled_entry: what an entry with that hold counts, once its row is finished.
CREATE OR REPLACE FUNCTION tally_counted(state text, cost numeric, currency text, hold numeric,
                              hold_currency text, wanted text, held numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN state IN ('unpriced', 'partial')
      THEN greatest(tally_charge(state, cost, currency, hold, hold_currency, wanted), held)
    ELSE coalesce(tally_charge(state, cost, currency, hold, hold_currency, wanted), held)
  END $$;

CREATE OR REPLACE FUNCTION tally_is_unpriced(state text, cost numeric, currency text, hold numeric,
                                  hold_currency text, wanted text) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
  SELECT state IN ('unpriced', 'partial')
         OR tally_charge(state, cost, currency, hold, hold_currency, wanted) IS NULL $$;

-- The labels, and the keys that are there by themselves: is_in_scope.
CREATE OR REPLACE FUNCTION tally_scope_of(labels jsonb, provider text, model text) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
  SELECT jsonb_build_object('provider', provider, 'model', model) || labels $$;

-- The counters of a window from its entries, for first sights and for proof.
CREATE OR REPLACE FUNCTION tally_counted_in(w tally_budget_window)
RETURNS TABLE(spent numeric, held numeric, estimated numeric, unpriced_calls bigint)
LANGUAGE sql STABLE AS $$
  SELECT w.carried + coalesce(sum(e.charged), 0),
         coalesce(sum(e.held) FILTER (WHERE e.charged IS NULL), 0),
         w.carried_estimated + coalesce(sum(e.charged) FILTER (WHERE e.is_estimate), 0),
         w.carried_unpriced + count(*) FILTER (WHERE e.is_unpriced)
  FROM (SELECT e.held, l.state = 'estimated' AS is_estimate,
               CASE WHEN e.charged IS NOT NULL
                    THEN tally_counted(l.state, l.cost, l.currency, l.hold, l.hold_currency,
                                       e.currency, e.held) END AS charged,
               e.charged IS NOT NULL
                 AND tally_is_unpriced(l.state, l.cost, l.currency, l.hold, l.hold_currency,
                                       e.currency) AS is_unpriced
        FROM tally_budget_entry AS e JOIN tally_ledger AS l USING (attempt_id)
        WHERE e.budget_id = w.budget_id AND e.window_begin = w.window_begin
          AND e.window_end = w.window_end) AS e $$;

-- The window of that budget. At its first sight it is made from the rows that lie in it.
CREATE OR REPLACE FUNCTION tally_window(b jsonb) RETURNS tally_budget_window LANGUAGE plpgsql AS $$
DECLARE
  w tally_budget_window;
BEGIN
  w.budget_id := b->>'id';
  w.window_begin := b->>'begin';
  w.window_end := b->>'end';
  w.currency := b->>'currency';
  w.spent := 0;
  w.held := 0;
  w.estimated := 0;
  w.unpriced_calls := 0;
  IF w.window_begin = w.window_end THEN  -- Each call by itself: nothing adds up.
    RETURN w;
  END IF;
  SELECT * INTO w FROM tally_budget_window AS known
    WHERE known.budget_id = b->>'id' AND known.window_begin = (b->>'begin')::bigint
      AND known.window_end = (b->>'end')::bigint;
  IF FOUND THEN
    RETURN w;
  END IF;
  INSERT INTO tally_budget_window(budget_id, window_begin, window_end, currency)
    VALUES (b->>'id', (b->>'begin')::bigint, (b->>'end')::bigint, b->>'currency')
    RETURNING * INTO w;
  INSERT INTO tally_budget_entry
    SELECT attempt_id, w.budget_id, w.window_begin, w.window_end, w.currency, started_us, held,
           CASE WHEN state <> 'reserved'
                THEN tally_counted(state, cost, currency, hold, hold_currency, w.currency, held) END,
           state = 'estimated',
           state <> 'reserved'
             AND tally_is_unpriced(state, cost, currency, hold, hold_currency, w.currency)
    FROM (SELECT *, CASE WHEN hold_currency = w.currency THEN hold ELSE 0 END AS held
          FROM tally_ledger
          WHERE coalesce(billed_us, started_us) >= w.window_begin
            AND coalesce(billed_us, started_us) < w.window_end
            AND state <> 'not_billed'  -- It counts nothing, and may never have begun.
            AND tally_scope_of(labels, provider, model_requested) @> (b->'scope')) AS l
    ON CONFLICT DO NOTHING;
  UPDATE tally_budget_window AS known
    SET spent = found.spent, held = found.held, estimated = found.estimated,
        unpriced_calls = found.unpriced_calls
    FROM tally_counted_in(w) AS found
    WHERE known.budget_id = w.budget_id AND known.window_begin = w.window_begin
      AND known.window_end = w.window_end
    RETURNING known.* INTO w;
  RETURN w;
END $$;

CREATE OR REPLACE FUNCTION tally_in_flight(id text) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT count(*) FROM tally_budget_entry WHERE budget_id = id AND charged IS NULL $$;

CREATE OR REPLACE FUNCTION tally_status(w tally_budget_window, in_flight bigint) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
  SELECT jsonb_build_object('spent', w.spent, 'held', w.held, 'estimated', w.estimated,
                            'unpriced_calls', w.unpriced_calls, 'in_flight', in_flight) $$;

CREATE OR REPLACE FUNCTION tally_enter(r tally_row, budgets jsonb) RETURNS void LANGUAGE sql AS $$
  INSERT INTO tally_budget_entry
    SELECT r.attempt_id, b->>'id', (b->>'begin')::bigint, (b->>'end')::bigint, b->>'currency',
           r.started_us, coalesce((b->>'amount')::numeric, 0), NULL, false, false
    FROM jsonb_array_elements(budgets) AS b;
  UPDATE tally_budget_window AS w SET held = w.held + (b->>'amount')::numeric
    FROM jsonb_array_elements(budgets) AS b
    WHERE w.budget_id = b->>'id' AND w.window_begin = (b->>'begin')::bigint
      AND w.window_end = (b->>'end')::bigint AND b->>'amount' IS NOT NULL $$;
)sql";

const std::string_view postgres_write_functions = R"sql(
CREATE OR REPLACE FUNCTION tally_reserve(r tally_row, row_owner bigint, budgets jsonb) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
  b jsonb;
  w tally_budget_window;
  in_flight bigint;
  begun_lately bigint;
  unheld numeric;
  answer jsonb := '[]';
BEGIN
  IF EXISTS (SELECT FROM tally_ledger AS l WHERE l.attempt_id = r.attempt_id) THEN
    RETURN NULL;
  END IF;
  FOR b IN SELECT jsonb_array_elements(budgets) LOOP
    w := tally_window(b);
    in_flight := tally_in_flight(w.budget_id);
    begun_lately := 0;
    IF (b->>'requests_per_minute')::int > 0 THEN
      SELECT count(*) INTO begun_lately FROM tally_budget_entry AS e
        WHERE e.budget_id = w.budget_id AND e.started_us > r.started_us - 60000000
          AND e.started_us <= r.started_us;
    END IF;
    unheld := (b->>'limit')::numeric - w.spent - w.held;
    IF ((b->>'most_in_flight')::int > 0 AND in_flight >= (b->>'most_in_flight')::int)
       OR ((b->>'requests_per_minute')::int > 0
           AND begun_lately >= (b->>'requests_per_minute')::int)
       OR ((b->>'refuses')::boolean AND (unheld < 0 OR (b->>'amount')::numeric > unheld)) THEN
      RETURN jsonb_build_object('refused', w.budget_id, 'begun_lately', begun_lately,
                                'before', tally_status(w, in_flight));
    END IF;
    answer := answer || jsonb_build_object('id', w.budget_id, 'before', tally_status(w, in_flight));
  END LOOP;
  INSERT INTO tally_ledger(owner, @columns@) VALUES (row_owner, r.*) ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  IF budgets <> '[]' THEN
    PERFORM tally_enter(r, budgets);
  END IF;
  RETURN answer;
END $$;

-- Lets the entries of a finished row count what it says, in the windows named.
CREATE OR REPLACE FUNCTION tally_move(r tally_row, budgets jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  e tally_budget_entry;
  fresh tally_budget_entry;
  b jsonb;
  before jsonb;
  w tally_budget_window;
  answer jsonb := '[]';
BEGIN
  FOR e IN SELECT * FROM tally_budget_entry AS t WHERE t.attempt_id = r.attempt_id
           ORDER BY t.budget_id LOOP
    fresh := e;
    SELECT named INTO b FROM jsonb_array_elements(budgets) AS named WHERE named->>'id' = e.budget_id;
    IF b IS NOT NULL THEN
      fresh.window_begin := b->>'begin';
      fresh.window_end := b->>'end';
      fresh.currency := b->>'currency';
      w := tally_window(b);
      before := tally_status(w, tally_in_flight(e.budget_id));
    END IF;
    fresh.charged := tally_counted(r.state, r.cost, r.currency, r.hold, r.hold_currency,
                                   fresh.currency, e.held);
    fresh.is_estimate := r.state = 'estimated';
    fresh.is_unpriced := tally_is_unpriced(r.state, r.cost, r.currency, r.hold, r.hold_currency,
                                           fresh.currency);
    UPDATE tally_budget_window AS t
      SET held = t.held - CASE WHEN e.charged IS NULL THEN e.held ELSE 0 END,
          spent = t.spent - coalesce(e.charged, 0),
          estimated = t.estimated - CASE WHEN e.is_estimate THEN e.charged ELSE 0 END,
          unpriced_calls = t.unpriced_calls - e.is_unpriced::int
      WHERE t.budget_id = e.budget_id AND t.window_begin = e.window_begin
        AND t.window_end = e.window_end;
    UPDATE tally_budget_window AS t
      SET spent = t.spent + fresh.charged,
          estimated = t.estimated + CASE WHEN fresh.is_estimate THEN fresh.charged ELSE 0 END,
          unpriced_calls = t.unpriced_calls + fresh.is_unpriced::int
      WHERE t.budget_id = e.budget_id AND t.window_begin = fresh.window_begin
        AND t.window_end = fresh.window_end
      RETURNING t.* INTO w;
    UPDATE tally_budget_entry AS t
      SET window_begin = fresh.window_begin, window_end = fresh.window_end,
          currency = fresh.currency, charged = fresh.charged, is_estimate = fresh.is_estimate,
          is_unpriced = fresh.is_unpriced
      WHERE t.attempt_id = e.attempt_id AND t.budget_id = e.budget_id;
    IF b IS NOT NULL THEN
      answer := answer || jsonb_build_object('id', e.budget_id, 'before', before, 'held', e.held,
        'charged', fresh.charged, 'is_estimate', fresh.is_estimate, 'is_unpriced',
        fresh.is_unpriced, 'after', tally_status(w, tally_in_flight(e.budget_id)));
    END IF;
  END LOOP;
  RETURN answer;
END $$;

CREATE OR REPLACE FUNCTION tally_remember(l tally_ledger, why text, at_us bigint) RETURNS void
LANGUAGE sql AS $$
  INSERT INTO tally_history
    VALUES (l.attempt_id, l.revision, at_us, why, l.state, l.cost, l.currency, to_jsonb(l))
    ON CONFLICT DO NOTHING $$;

CREATE OR REPLACE FUNCTION tally_settle(r tally_row, budgets jsonb, at_us bigint) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
  old tally_ledger;
BEGIN
  IF budgets <> '[]' THEN  -- First: a window made later would count this row twice.
    PERFORM tally_window(b) FROM jsonb_array_elements(budgets) AS b;
  END IF;
  SELECT * INTO old FROM tally_ledger AS l WHERE l.attempt_id = r.attempt_id FOR UPDATE;
  IF NOT FOUND THEN
    r.revision := 1;
    INSERT INTO tally_ledger(@columns@) VALUES (r.*) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
      RETURN NULL;
    END IF;
    PERFORM tally_enter(r, budgets);
  ELSIF old.state = 'reserved' OR old.reason IN ('owner_gone', 'lease_expired') THEN
    IF old.state <> 'reserved' THEN
      PERFORM tally_remember(old, 'late_settle', at_us);
    END IF;
    r.revision := old.revision + 1;
    UPDATE tally_ledger SET (@columns@) = (SELECT r.*) WHERE row_id = old.row_id;
  ELSE
    RETURN NULL;
  END IF;
  RETURN tally_move(r, budgets);
END $$;

-- `was_asked`: before, and the answer was lost.
CREATE OR REPLACE FUNCTION tally_revise(r tally_row, budgets jsonb, at_us bigint, was_asked boolean)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  old tally_ledger;
  same tally_row;
BEGIN
  IF budgets <> '[]' THEN
    PERFORM tally_window(b) FROM jsonb_array_elements(budgets) AS b;
  END IF;
  SELECT * INTO old FROM tally_ledger AS l WHERE l.attempt_id = r.attempt_id FOR UPDATE;
  IF was_asked THEN
    SELECT @columns@ INTO same FROM tally_ledger AS l WHERE l.row_id = old.row_id;
    IF same = r THEN
      RETURN NULL;
    END IF;
  END IF;
  IF old.row_id IS NULL OR old.state = 'reserved' OR old.revision <> r.revision - 1 THEN
    RETURN '{"changed": true}';
  END IF;
  PERFORM tally_remember(old, 'recomputed', at_us);
  UPDATE tally_ledger SET (@columns@) = (SELECT r.*) WHERE row_id = old.row_id;
  RETURN tally_move(r, budgets);
END $$;
)sql";

}  // namespace TALLY_ABI
}  // namespace tally
