"""Passing a message on to one party: own ids and headers per hop, our URLs for theirs.

The body's bytes are unchanged but for a response_url, and so are the answer's. Nothing is queued
and nothing is tried twice: the answer is the receiver's, or 4000 to 4003.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urljoin, urlsplit

from ocpi_hub.node.engine import Database
from ocpi_hub.outbound import Outbound
from ocpi_hub.protocol.client import endpoint
from ocpi_hub.protocol.errors import HubError, ObjectNotFound, OcpiError
from ocpi_hub.protocol.headers import next_link
from ocpi_hub.protocol.jsontext import dumps, load_object
from ocpi_hub.protocol.message import Message, Reply
from ocpi_hub.protocol.modules import Kind, Operation
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.types import parse_datetime
from ocpi_hub.protocol.urls import origin
from ocpi_hub.rewriting import (
    HubUrls,
    check_response_url,
    page_query,
    replace_header,
    response_url,
    with_response_url,
)
from ocpi_hub.routing import Direct, check_connected
from ocpi_hub.snapshot import Platform, Snapshot
from ocpi_hub.store import proxies
from ocpi_hub.store.proxies import ProxyDraft

# A command's result comes within minutes, a reservation's end when it ends (HUB-07), a next page
# when a nightly crawl gets to it (PAG-18).
_RESULT_LIFE = timedelta(hours=1)
_RESERVATION_MARGIN = timedelta(hours=24)
_PAGE_LIFE = timedelta(hours=24)

_RESULT, _PAGE = "result", "page"


@dataclass(frozen=True, slots=True)
class Relay:
    """Sends to one party. Timeouts are in seconds."""

    db: Database
    outbound: Outbound
    urls: HubUrls
    forward_timeout: float
    authorize_timeout: float

    async def send(
        self, message: Message, direct: Direct, *, caller: Platform, snapshot: Snapshot
    ) -> Reply:
        """The receiver's answer, its URLs rewritten."""
        platform = check_connected(direct, snapshot)
        message = replace(message, sender=direct.sender, receiver=direct.receiver.party)
        endpoint(message, platform)  # 4001 before anything is remembered
        message = await self._with_our_url(message, caller, platform)
        reply = await self.outbound.send(
            message, platform, timeout=self._timeout(message), urgent=_urgent(message.operation)
        )
        reply = replace(reply, sender=direct.receiver.party)
        if message.operation.kind is Kind.LIST:
            url = endpoint(message, platform)
            return await self._with_our_link(message, reply, caller, platform, url)
        return replace_header(reply, "location", None)

    def _timeout(self, message: Message) -> float:
        if message.operation.module == "tokens" and message.operation.kind is Kind.CALL:
            return self.authorize_timeout
        return self.forward_timeout

    # --- the later result of a call ------------------------------------------------------------

    async def _with_our_url(
        self, message: Message, caller: Platform, receiver: Platform
    ) -> Message:
        theirs = response_url(message)
        if theirs is None:
            return message
        check_response_url(theirs, caller)
        proxy_id = await self._remember(
            message,
            kind=_RESULT,
            url=theirs,
            target=caller.id,
            caller=receiver.id,
            expires_at=_result_until(message),
            once=message.operation.path != "RESERVE_NOW",
        )
        body, query = with_response_url(message, self.urls.result(message.operation, proxy_id))
        return replace(message, body=body, query=query)

    async def result(self, message: Message, caller: Platform, snapshot: Snapshot) -> Reply:
        """Pass a result on to whoever gave the response_url; 404 + 2001 where ours is not good."""
        result_id = message.params["result_id"]
        async with self.db.begin() as conn:
            proxy = await proxies.take(conn, result_id, caller_platform=caller.id, now=_now())
        if proxy is None or proxy.kind != _RESULT or proxy.module != message.operation.module:
            raise ObjectNotFound("this response_url is not known, has expired or was used")
        target = snapshot.platforms.get(proxy.target_platform)
        if target is None or not target.registered:
            raise ObjectNotFound("whoever asked is not connected any more")
        passed_on = replace(
            message,
            sender=Party.parse(proxy.to),
            receiver=Party.parse(proxy.from_),
            body=_bare(message),
        )
        try:
            reply = await self.outbound.send(
                passed_on, target, timeout=self.forward_timeout, urgent=True, url=proxy.url
            )
        except OcpiError:
            # Nobody took it: whoever has the result may bring it again.
            async with self.db.begin() as conn:
                await proxies.release(conn, proxy.id)
            raise
        return replace(reply, sender=passed_on.receiver)

    # --- the next page of a list ---------------------------------------------------------------

    async def page(
        self, message: Message, page_id: str, *, caller: Platform, snapshot: Snapshot
    ) -> Reply:
        """A page that an earlier answer's Link stood for, from where it came."""
        async with self.db.begin() as conn:
            proxy = await proxies.resolve(conn, page_id, caller_platform=caller.id, now=_now())
        if proxy is None or proxy.kind != _PAGE or proxy.module != message.operation.module:
            raise ObjectNotFound("page: this Link is not known or has expired")
        platform = snapshot.platforms.get(proxy.target_platform)
        if platform is None or not platform.registered:
            raise ObjectNotFound("page: the platform of this list is not connected any more")
        asked = replace(message, sender=Party.parse(proxy.from_), receiver=Party.parse(proxy.to))
        reply = await self.outbound.send(
            asked, platform, timeout=self.forward_timeout, url=proxy.url
        )
        reply = replace(reply, sender=asked.receiver)
        return await self._with_our_link(asked, reply, caller, platform, proxy.url)

    async def _with_our_link(
        self, message: Message, reply: Reply, caller: Platform, platform: Platform, url: str
    ) -> Reply:
        theirs = next_link(reply.header("link"))
        if theirs is None:
            return replace_header(reply, "link", None)
        absolute = urljoin(url, theirs)
        if origin(absolute) != origin(url) or urlsplit(absolute).username is not None:
            raise HubError("the receiver's Link leads to another server")
        if absolute == url:
            raise HubError("the receiver's Link leads to the page it stands on")
        proxy_id = await self._remember(
            message,
            kind=_PAGE,
            url=absolute,
            target=platform.id,
            caller=caller.id,
            expires_at=_now() + _PAGE_LIFE,
            once=False,
        )
        ours = self.urls.page(message.operation, proxy_id, page_query(message, absolute))
        return replace_header(reply, "Link", f'<{ours}>; rel="next"')

    async def _remember(
        self,
        message: Message,
        *,
        kind: str,
        url: str,
        target: str,
        caller: str,
        expires_at: datetime,
        once: bool,
    ) -> str:
        draft = ProxyDraft(
            kind=kind,
            url=url,
            target_platform=target,
            caller_platform=caller,
            from_=str(message.sender),
            to=str(message.receiver),
            module=message.operation.module,
            correlation_id=message.correlation_id,
            once=once,
            expires_at=expires_at,
        )
        async with self.db.begin() as conn:
            return await proxies.remember(conn, draft)


def _urgent(operation: Operation) -> bool:
    """Commands and CDRs have a share of the outbound slots to themselves (design section 7)."""
    return operation.module in ("commands", "cdrs") or operation.kind is Kind.CALL


def _result_until(message: Message) -> datetime:
    if message.operation.path == "RESERVE_NOW":
        return max(parse_datetime(message.document["expiry_date"]), _now()) + _RESERVATION_MARGIN
    return _now() + _RESULT_LIFE


def _bare(message: Message) -> bytes:
    """CMD-04, AMB-42: a result that came in an envelope is passed on without it."""
    unchanged = load_object(message.body) == message.document
    return message.body if unchanged else dumps(message.document)


def _now() -> datetime:
    return datetime.now(UTC)
