"""Properties that are worked out once: as functools.cached_property, at a fraction of its price."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar, overload

Value = TypeVar("Value")


class remembered(Generic[Value]):
    """A property that is worked out when it is first asked for.

    cached_property takes a lock, and asks for the instance's __dict__, which slows down every
    attribute of the instance from then on; a price is made for one CDR and lives no longer.
    """

    def __init__(self, work_out: Callable[[Any], Value]) -> None:
        self._work_out = work_out
        self.__doc__ = work_out.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...

    @overload
    def __get__(self, instance: object, owner: type) -> Value: ...

    def __get__(self, instance: object | None, owner: type) -> Self | Value:
        if instance is None:
            return self
        value = self._work_out(instance)
        # The way past a frozen dataclass; what is there now hides the property.
        object.__setattr__(instance, self._name, value)
        return value
