-- Real-time authorisations. Arguments: how many tokens.
local sent, tokens = 0, 0
local body = '{"location_id":"LOC1","evse_uids":["LOC1-1"]}'

function init(args)
  tokens = tonumber(args[1])
  wrk.method = "POST"
end

function request()
  local path = string.format("/ocpi/sender/2.2.1/tokens/T%d/authorize", (sent * 7919) % tokens)
  sent = sent + 1
  return wrk.format(nil, path, nil, body)
end
