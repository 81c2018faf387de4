-- What each wrk thread asks: bets with fresh idempotency keys and, in the mixed load, reads.
-- Arguments: the file of tokens (one a line), the file of bodies (one a line), the share of reads in percent.
local counter = 0
local threads = 0

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

local function lines_of(name)
  local found = {}
  for line in io.lines(name) do found[#found + 1] = line end
  return found
end

-- Of a hundred reads of a player's screen: the balance after everything, the jackpots that tick, the lobby, the history
-- beside the game, the figures of this login, the bonus bar, and the loyalty page.
local shares = {
  { 30, "/wallets" }, { 20, "/jackpots" }, { 15, "/games?limit=25" }, { 10, "/bets?limit=10" }, { 10, "/session" },
  { 10, "/bonuses" }, { 5, "/vip/user" },
}
local reads = {}
for _, share in ipairs(shares) do
  for _ = 1, share[1] do reads[#reads + 1] = share[2] end
end

function init(arguments)
  tokens, bodies, share = lines_of(arguments[1]), lines_of(arguments[2]), tonumber(arguments[3])
  run = arguments[4]
  math.randomseed(os.time() + number * 7919)
end

function request()
  counter = counter + 1
  local headers = { ["Authorization"] = "Bearer " .. tokens[math.random(#tokens)] }
  if math.random(100) <= share then
    return wrk.format("GET", reads[math.random(#reads)], headers)
  end
  headers["Content-Type"] = "application/json"
  headers["Idempotency-Key"] = run .. "-" .. number .. "-" .. counter
  return wrk.format("POST", "/bets", headers, bodies[math.random(#bodies)])
end

-- Refusals are answers too: they are counted apart from bets and from errors.
local seen = {}

function response(status)
  seen[status] = (seen[status] or 0) + 1
  statuses = ""
  for code, times in pairs(seen) do statuses = statuses .. code .. "=" .. times .. " " end
end

local workers = {}
local remember = setup
function setup(thread)
  remember(thread)
  workers[#workers + 1] = thread
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    "RESULT requests=%d seconds=%.3f p50=%.2f p95=%.2f p99=%.2f max=%.2f socket_errors=%d\n",
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(95) / 1e3,
    latency:percentile(99) / 1e3, latency.max / 1e3, errors.connect + errors.read + errors.write + errors.timeout))
  for _, thread in ipairs(workers) do io.write("STATUSES " .. (thread:get("statuses") or "") .. "\n") end
end
