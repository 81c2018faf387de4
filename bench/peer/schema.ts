// The peer's tables: the same facts of a bet as the casino's, money in minor units.
import { bigint, index, integer, jsonb, numeric, pgTable, text, timestamp, unique, uuid } from "drizzle-orm/pg-core";

const money = (name: string) => bigint(name, { mode: "number" }).notNull();
const at = (name: string) => timestamp(name, { withTimezone: true }).notNull().defaultNow();

export const players = pgTable("players", {
  id: uuid("id").primaryKey(),
  username: text("username").notNull(),
  isBlocked: integer("is_blocked").notNull().default(0),
});

export const sessions = pgTable("sessions", {
  token: text("token").primaryKey(),
  playerId: uuid("player_id").notNull().references(() => players.id),
  expiresAt: timestamp("expires_at", { withTimezone: true }).notNull(),
});

export const wallets = pgTable("wallets", {
  id: uuid("id").primaryKey(),
  playerId: uuid("player_id").notNull().references(() => players.id).unique(),
  operatorId: uuid("operator_id").notNull(),
  currency: text("currency").notNull(),
  real: money("real"),
  version: money("version"),
  wageringRequired: money("wagering_required"),
  wageringWagered: money("wagering_wagered"),
});

export const games = pgTable("games", {
  id: uuid("id").primaryKey(),
  slug: text("slug").notNull().unique(),
  outcomes: jsonb("outcomes").$type<{ label: string; weight: number; multiplier: number }[]>().notNull(),
  minBet: money("min_bet"),
  maxBet: money("max_bet"),
});

export const seeds = pgTable("seeds", {
  playerId: uuid("player_id").primaryKey(),
  serverSeed: text("server_seed").notNull(),
  clientSeed: text("client_seed").notNull(),
  nonce: money("nonce"),
});

export const standings = pgTable("standings", {
  playerId: uuid("player_id").primaryKey(),
  xp: money("xp"),
  points: money("points"),
  level: integer("level").notNull(),
});

export const bets = pgTable(
  "bets",
  {
    id: uuid("id").primaryKey(),
    playerId: uuid("player_id").notNull().references(() => players.id),
    operatorId: uuid("operator_id").notNull(),
    walletId: uuid("wallet_id").notNull().references(() => wallets.id),
    gameId: uuid("game_id").notNull().references(() => games.id),
    idempotencyKey: text("idempotency_key").notNull(),
    currency: text("currency").notNull(),
    wager: money("wager"),
    win: money("win"),
    betType: text("bet_type").notNull(),
    realBefore: money("real_before"),
    realAfter: money("real_after"),
    contribution: numeric("contribution", { precision: 20, scale: 6 }).notNull(),
    points: money("points"),
    wagering: jsonb("wagering").notNull(),
    outcome: jsonb("outcome").notNull(),
    nonce: money("nonce"),
    createdAt: at("created_at"),
  },
  (table) => [unique("one_bet_a_key").on(table.playerId, table.idempotencyKey), index("bets_of").on(table.playerId, table.id)],
);

export const entries = pgTable(
  "entries",
  {
    id: uuid("id").primaryKey(),
    betId: uuid("bet_id").notNull().references(() => bets.id),
    walletId: uuid("wallet_id").notNull().references(() => wallets.id),
    account: text("account").notNull(),
    amount: money("amount"),
    createdAt: at("created_at"),
  },
  (table) => [index("entries_of").on(table.walletId, table.id)],
);

export const contributions = pgTable("contributions", {
  id: uuid("id").primaryKey(),
  betId: uuid("bet_id").notNull().references(() => bets.id),
  level: text("level").notNull(),
  amount: numeric("amount", { precision: 20, scale: 6 }).notNull(),
});
