-- EVSE status PATCHes. Arguments: the first Location, how many Locations, EVSEs of each.
-- The keys come in a scattered order, each once before any comes again; the status changes with
-- every pass, and the stamp is the whole second, as many platforms send it.
local statuses = { "CHARGING", "AVAILABLE", "RESERVED", "BLOCKED" }
local sent = 0
local first, locations, evses, keys, turn

function init(args)
  first, locations, evses = tonumber(args[1]), tonumber(args[2]), tonumber(args[3])
  keys = locations * evses
  turn = os.time()
  wrk.method = "PATCH"
end

function request()
  local key = (sent * 7919) % keys
  local pass = math.floor(sent / keys) + turn
  sent = sent + 1
  local location = string.format("LOC%d", first + math.floor(key / evses))
  local path = string.format(
    "/ocpi/receiver/2.2.1/locations/NL/CPO/%s/%s-%d", location, location, key % evses + 1)
  local body = string.format(
    '{"status":"%s","last_updated":"%s"}', statuses[pass % 4 + 1], os.date("!%Y-%m-%dT%H:%M:%SZ"))
  return wrk.format(nil, path, nil, body)
end
