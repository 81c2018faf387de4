// Logs in, places one bet, sends it again, and prints what came back as one JSON line.
//   node build/play.js http://127.0.0.1:8000 alice@aurora.test demo-Passw0rd orchard-sevens 1.00

import createClient from "openapi-fetch";
import { randomUUID } from "node:crypto";
import type { components, paths } from "./schema.js";

type Bet = components["schemas"]["Bet"];

const [baseUrl, email, password, game, wager] = process.argv.slice(2);
if (!baseUrl || !email || !password || !game || !wager) {
  console.error("usage: play.js URL EMAIL PASSWORD GAME WAGER");
  process.exit(2);
}
const casino = createClient<paths>({ baseUrl });

const login = await casino.POST("/auth/login", { body: { email, password } });
if (login.error) {
  console.error(`no login: ${login.error.detail}`);
  process.exit(1);
}
casino.use({
  onRequest({ request }) {
    request.headers.set("Authorization", `Bearer ${login.data.token}`);
    return request;
  },
});

async function bet(key: string): Promise<Bet> {
  const answer = await casino.POST("/bets", {
    params: { header: { "Idempotency-Key": key } },
    body: { game_id: game!, wager: wager! },
  });
  if (answer.error) {
    // The codes of each operation are part of its types.
    throw new Error(`${answer.error.code}: ${answer.error.detail}`);
  }
  return answer.data;
}

const key = randomUUID();
const first = await bet(key);
const again = await bet(key);
console.log(JSON.stringify({ id: first.id, again: again.id, wager: first.wager, win: first.win }));
