-- Adds only: the release before this one works on with it.
CREATE INDEX goals_in_order ON goals (created_at, id);
