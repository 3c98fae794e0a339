CREATE TABLE goals (title text NOT NULL);
