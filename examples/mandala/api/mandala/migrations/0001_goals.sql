CREATE TABLE goals (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    version integer NOT NULL DEFAULT 1,
    title text NOT NULL CHECK (title <> ''),
    sub_goals jsonb NOT NULL CHECK (jsonb_array_length(sub_goals) = 8),
    -- The moment, not the transaction's start: the list is in this order.
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
