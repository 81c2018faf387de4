// One bet as a Hono and Drizzle application would usually settle it: validate, one transaction, answer.
import { createHmac } from "node:crypto";
import { zValidator } from "@hono/zod-validator";
import { and, eq, gt } from "drizzle-orm";
import { drizzle } from "drizzle-orm/postgres-js";
import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import postgres from "postgres";
import { z } from "zod";
import * as tables from "./schema";

const { bets, contributions, entries, games, players, seeds, sessions, standings, wallets } = tables;
const db = drizzle(postgres(process.env.DATABASE_URL!, { max: 16 }), { schema: tables });
const RATES = { mini: 0.004, minor: 0.003, major: 0.002, grand: 0.001 };

const betRequest = z.strictObject({
  game_id: z.string().min(1).max(80),
  wager: z.string().regex(/^\d{1,9}(\.\d{1,2})?$/),
});

function draw(seed: typeof seeds.$inferSelect, outcomes: { label: string; weight: number; multiplier: number }[]) {
  const total = outcomes.reduce((sum, one) => sum + one.weight, 0);
  const digest = createHmac("sha256", seed.serverSeed).update(`${seed.clientSeed}:${seed.nonce}:0`).digest();
  let rest = Number(digest.readBigUInt64BE(0) % BigInt(total));
  for (const one of outcomes) {
    if (rest < one.weight) return one;
    rest -= one.weight;
  }
  throw new Error("weights do not add up");
}

const app = new Hono<{ Variables: { playerId: string } }>();

app.use("/bets", async (c, next) => {
  const token = c.req.header("Authorization")?.replace(/^Bearer /, "");
  if (!token) throw new HTTPException(401);
  const [session] = await db
    .select({ playerId: sessions.playerId, isBlocked: players.isBlocked })
    .from(sessions)
    .innerJoin(players, eq(players.id, sessions.playerId))
    .where(and(eq(sessions.token, token), gt(sessions.expiresAt, new Date())));
  if (!session || session.isBlocked) throw new HTTPException(401);
  c.set("playerId", session.playerId);
  await next();
});

app.post("/bets", zValidator("json", betRequest), async (c) => {
  const body = c.req.valid("json");
  const playerId = c.get("playerId");
  const key = c.req.header("Idempotency-Key") ?? crypto.randomUUID();
  const wager = Math.round(Number(body.wager) * 100);

  const settled = await db.transaction(async (tx) => {
    const [wallet] = await tx.select().from(wallets).where(eq(wallets.playerId, playerId)).for("update");
    if (!wallet) throw new HTTPException(404);
    const [played] = await tx.select().from(bets).where(and(eq(bets.playerId, playerId), eq(bets.idempotencyKey, key)));
    if (played) return played;
    const [game] = await tx.select().from(games).where(eq(games.slug, body.game_id));
    if (!game) throw new HTTPException(404);
    if (wager < game.minBet || wager > game.maxBet) throw new HTTPException(422);
    if (wallet.real < wager) throw new HTTPException(402);
    const [seed] = await tx.select().from(seeds).where(eq(seeds.playerId, playerId)).for("update");
    const [standing] = await tx.select().from(standings).where(eq(standings.playerId, playerId)).for("update");

    const outcome = draw(seed, game.outcomes);
    const win = Math.floor(wager * outcome.multiplier);
    const after = wallet.real - wager + win;
    const contribution = Object.values(RATES).reduce((sum, rate) => sum + (wager / 100) * rate, 0);
    const [bet] = await tx
      .insert(bets)
      .values({
        id: Bun.randomUUIDv7(), playerId, operatorId: wallet.operatorId, walletId: wallet.id, gameId: game.id,
        idempotencyKey: key, currency: wallet.currency, wager, win, betType: "real", realBefore: wallet.real,
        realAfter: after, contribution: contribution.toFixed(6), points: wager,
        wagering: { required: wallet.wageringRequired, wagered: wallet.wageringWagered + wager },
        outcome: { label: outcome.label }, nonce: seed.nonce,
      })
      .returning();
    const entry = (account: string, amount: number) => ({
      id: Bun.randomUUIDv7(), betId: bet.id, walletId: wallet.id, account, amount,
    });
    await tx.insert(entries).values([
      entry("real", -wager), entry("stakes", wager), entry("wins", -win), entry("real", win),
    ]);
    await tx.insert(contributions).values(
      Object.entries(RATES).map(([level, rate]) => ({
        id: Bun.randomUUIDv7(), betId: bet.id, level, amount: ((wager / 100) * rate).toFixed(6),
      })),
    );
    await tx
      .update(wallets)
      .set({ real: after, version: wallet.version + 1, wageringWagered: wallet.wageringWagered + wager })
      .where(eq(wallets.id, wallet.id));
    await tx
      .update(standings)
      .set({ xp: standing.xp + wager, points: standing.points + wager })
      .where(eq(standings.playerId, playerId));
    await tx.update(seeds).set({ nonce: seed.nonce + 1 }).where(eq(seeds.playerId, playerId));
    return bet;
  });
  return c.json(settled, 201);
});

app.onError((error, c) =>
  error instanceof HTTPException
    ? c.json({ status: error.status }, error.status)
    : (console.error(error), c.json({ status: 500 }, 500)),
);

export default { port: Number(process.env.PORT), hostname: "127.0.0.1", fetch: app.fetch };
