-- The tables of schema.ts, 2,000 players with money and a session each, and twenty games.
CREATE TABLE players (id uuid PRIMARY KEY, username text NOT NULL, is_blocked int NOT NULL DEFAULT 0);
CREATE TABLE sessions (token text PRIMARY KEY, player_id uuid NOT NULL REFERENCES players, expires_at timestamptz NOT NULL);
CREATE TABLE wallets (id uuid PRIMARY KEY, player_id uuid NOT NULL UNIQUE REFERENCES players, operator_id uuid NOT NULL,
  currency text NOT NULL, "real" bigint NOT NULL, version bigint NOT NULL, wagering_required bigint NOT NULL,
  wagering_wagered bigint NOT NULL);
CREATE TABLE games (id uuid PRIMARY KEY, slug text NOT NULL UNIQUE, outcomes jsonb NOT NULL, min_bet bigint NOT NULL,
  max_bet bigint NOT NULL);
CREATE TABLE seeds (player_id uuid PRIMARY KEY, server_seed text NOT NULL, client_seed text NOT NULL, nonce bigint NOT NULL);
CREATE TABLE standings (player_id uuid PRIMARY KEY, xp bigint NOT NULL, points bigint NOT NULL, level int NOT NULL);
CREATE TABLE bets (id uuid PRIMARY KEY, player_id uuid NOT NULL REFERENCES players, operator_id uuid NOT NULL,
  wallet_id uuid NOT NULL REFERENCES wallets, game_id uuid NOT NULL REFERENCES games, idempotency_key text NOT NULL,
  currency text NOT NULL, wager bigint NOT NULL, win bigint NOT NULL, bet_type text NOT NULL, real_before bigint NOT NULL,
  real_after bigint NOT NULL, contribution numeric(20, 6) NOT NULL, points bigint NOT NULL, wagering jsonb NOT NULL,
  outcome jsonb NOT NULL, nonce bigint NOT NULL, created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT one_bet_a_key UNIQUE (player_id, idempotency_key));
CREATE INDEX bets_of ON bets (player_id, id);
CREATE TABLE entries (id uuid PRIMARY KEY, bet_id uuid NOT NULL REFERENCES bets, wallet_id uuid NOT NULL REFERENCES wallets,
  account text NOT NULL, amount bigint NOT NULL, created_at timestamptz NOT NULL DEFAULT now());
CREATE INDEX entries_of ON entries (wallet_id, id);
CREATE TABLE contributions (id uuid PRIMARY KEY, bet_id uuid NOT NULL REFERENCES bets, level text NOT NULL,
  amount numeric(20, 6) NOT NULL);

INSERT INTO players SELECT gen_random_uuid(), 'player' || n FROM generate_series(1, 2000) AS n;
INSERT INTO sessions SELECT md5(id::text), id, now() + interval '1 day' FROM players;
INSERT INTO wallets SELECT gen_random_uuid(), id, gen_random_uuid(), 'USD', 100000000, 0, 0, 0 FROM players;
INSERT INTO seeds SELECT id, encode(sha256(id::text::bytea), 'hex'), left(md5(id::text), 16), 0 FROM players;
INSERT INTO standings SELECT id, 0, 0, 0 FROM players;
INSERT INTO games SELECT gen_random_uuid(), 'game-' || n,
  '[{"label": "lose", "weight": 52, "multiplier": 0}, {"label": "win", "weight": 48, "multiplier": 2}]', 10, 100000
  FROM generate_series(1, 20) AS n;
ANALYZE;
