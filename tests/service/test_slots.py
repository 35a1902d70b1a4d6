"""Who may send now, and who is next."""

from __future__ import annotations

import asyncio

from ocpi_hub.service.slots import Queue, Slots


class Crowd:
    """Callers that hold a slot until they are told to leave, and the order they got it in."""

    def __init__(self, slots: Slots, group: asyncio.TaskGroup) -> None:
        self.slots = slots
        self.group = group
        self.order: list[str] = []
        self.queues: dict[str, Queue] = {}
        self.holding: dict[str, asyncio.Event] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def come(self, *names: str, urgent: bool = False) -> None:
        """`a1` is a caller of lane a."""
        for name in names:
            self.holding[name] = asyncio.Event()
            self.tasks[name] = self.group.create_task(self._hold(name, urgent))
        await asyncio.sleep(0)

    async def leave(self, *names: str) -> None:
        for name in names:
            self.holding[name].set()
            await _settle()

    async def end(self) -> None:
        await self.leave(*self.holding)

    async def _hold(self, name: str, urgent: bool) -> None:
        queue = self.queues.setdefault(name[0], Queue())
        if not self.slots.enter(queue, urgent=urgent):
            await self.slots.wait(queue, urgent=urgent)
        self.order.append(name)
        await self.holding[name].wait()
        self.slots.leave(queue)


async def _settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_lane_sends_so_many_at_a_time_in_the_order_of_coming() -> None:
    async with asyncio.TaskGroup() as group:
        crowd = Crowd(Slots(total=10, reserved=0, per_lane=2), group)
        await crowd.come("a1", "a2", "a3", "a4")
        first = list(crowd.order)
        await crowd.leave("a2", "a1")
        await crowd.end()

    assert first == ["a1", "a2"]
    assert crowd.order == ["a1", "a2", "a3", "a4"]
    assert crowd.slots.in_flight == 0


async def test_a_lane_with_nothing_in_flight_sends_when_all_slots_are_taken() -> None:
    """Invariant 4."""
    async with asyncio.TaskGroup() as group:
        crowd = Crowd(Slots(total=3, reserved=0, per_lane=8), group)
        await crowd.come("a1", "a2", "a3", "b1", "b2", "c1")
        got = list(crowd.order)
        await crowd.end()

    assert got == ["a1", "a2", "a3", "b1", "c1"]


async def test_the_next_of_a_lane_goes_when_its_only_one_has_ended() -> None:
    """All slots are taken by others, and still the lane goes on."""
    async with asyncio.TaskGroup() as group:
        crowd = Crowd(Slots(total=2, reserved=0, per_lane=8), group)
        await crowd.come("a1", "a2", "b1", "b2", "b3")
        await crowd.leave("b1")
        await crowd.leave("b2")
        got = list(crowd.order)
        await crowd.end()

    assert got == ["a1", "a2", "b1", "b2", "b3"]


async def test_lanes_take_turns_when_slots_are_scarce() -> None:
    async with asyncio.TaskGroup() as group:
        crowd = Crowd(Slots(total=4, reserved=0, per_lane=8), group)
        await crowd.come("a1", "a2", "a3", "b1", "a4", "a5", "a6", "b2", "b3")
        await crowd.leave("a1", "a2", "a3", "a4")
        got = crowd.order[4:8]
        await crowd.end()

    assert got == ["a4", "b2", "a5", "b3"]


async def test_urgent_callers_have_slots_of_their_own_and_go_first() -> None:
    async with asyncio.TaskGroup() as group:
        crowd = Crowd(Slots(total=3, reserved=1, per_lane=8), group)
        await crowd.come("a1", "a2", "a3")
        await crowd.come("a4", "a5", urgent=True)
        before = list(crowd.order)
        await crowd.leave("a1")
        got = list(crowd.order)
        await crowd.end()

    assert before == ["a1", "a2", "a4"]
    assert got == ["a1", "a2", "a4", "a5"]


async def test_a_caller_that_gives_up_waiting_is_passed_over() -> None:
    async with asyncio.TaskGroup() as group:
        crowd = Crowd(Slots(total=1, reserved=0, per_lane=1), group)
        await crowd.come("a1", "a2", "a3")
        crowd.tasks["a2"].cancel()
        await crowd.leave("a1")
        await crowd.end()

    assert crowd.order == ["a1", "a3"]
    assert crowd.slots.in_flight == 0


async def test_a_caller_that_gives_up_as_it_is_served_hands_its_slot_on() -> None:
    async with asyncio.TaskGroup() as group:
        crowd = Crowd(Slots(total=1, reserved=0, per_lane=1), group)
        await crowd.come("a1", "a2", "a3")
        crowd.holding["a1"].set()
        await asyncio.sleep(0)
        crowd.tasks["a2"].cancel()
        await _settle()
        await crowd.end()

    assert crowd.order == ["a1", "a3"]
    assert crowd.slots.in_flight == 0


async def test_a_line_that_everybody_left_holds_nobody_up() -> None:
    async with asyncio.TaskGroup() as group:
        crowd = Crowd(Slots(total=2, reserved=0, per_lane=8), group)
        await crowd.come("a1", "b1", "a2")
        crowd.tasks["a2"].cancel()
        await _settle()
        await crowd.leave("a1")
        await crowd.come("b2")
        got = list(crowd.order)
        await crowd.end()

    assert got == ["a1", "b1", "b2"]
