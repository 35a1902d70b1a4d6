-- Pages of a list. Arguments: how many objects it has, and how many are on a page.
local sent, pages, limit = 0, 0, 0

function init(args)
  limit = tonumber(args[2])
  pages = math.floor(tonumber(args[1]) / limit)
end

function request()
  local offset = (sent * 7) % pages * limit
  sent = sent + 1
  return wrk.format(
    nil, string.format("/ocpi/sender/2.2.1/locations?offset=%d&limit=%d", offset, limit))
end
