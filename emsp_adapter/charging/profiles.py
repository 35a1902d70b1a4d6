"""What a station makes of a driver's preferences: its ActiveChargingProfile, asked for and kept.

Source: 2.2.1 chargingprofiles, Receiver GET; the answer comes later, see results.py.
"""

from __future__ import annotations

import logging
from urllib.parse import urlencode

from emsp_adapter.office import Office
from emsp_adapter.store import commands as store
from emsp_adapter.store.charges import Charge
from emsp_adapter.store.commands import Command
from ocpi_hub.protocol.errors import OcpiError
from ocpi_hub.protocol.modules import operation
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.roles import Interface

log = logging.getLogger(__name__)

KIND = "GET_PROFILE"

_GET = operation("chargingprofiles", Interface.RECEIVER, "GET", "{session_id}")
_RESULT = operation("chargingprofiles", Interface.SENDER, "POST", "get/{result_id}")
# CHP-06: five minutes to an hour are of use; all of the hour is asked for.
_SECONDS = 3600
_PATIENCE = 5.0


async def ask(office: Office, charge: Charge) -> None:
    """Ask once; a CPO that does not tell is let be, for the charge goes on all the same."""
    party = Party.of_key(charge.party)
    peer = office.side.peers.route(party)
    if peer is None or ("chargingprofiles", Interface.RECEIVER) not in peer.endpoints:
        return
    command = Command(
        id=office.new_id(),
        kind=KIND,
        party=charge.party,
        charge_id=charge.id,
        sent_at=office.now(),
    )
    async with office.db.hot_transaction() as conn:
        await store.add(conn, command)
    url = f"{office.side.identity.endpoint(_RESULT)}/get/{command.id}"
    try:
        await office.side.outgoing.send(
            _GET,
            to=party,
            params={"session_id": str(charge.session_id)},
            # CHP-02: encoded, for it may have a query of its own.
            query=urlencode({"duration": _SECONDS, "response_url": url}),
            timeout=_PATIENCE,
        )
    except OcpiError as error:
        log.info("a profile was not told", extra={"charge": charge.id, "reason": error.message})
