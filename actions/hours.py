"""Opening hours: an approval's time to live runs only while somebody is there to approve."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LONGEST_DAYS = 3_660
"""Ten years: opening hours of minutes a week still come to an end."""


class OpeningHours(BaseModel):
    """On `days`, from `opens` to `closes`, in the local time of `timezone`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    days: tuple[Day, ...] = Field(min_length=1)
    opens: time
    closes: time
    timezone: str = "Europe/Amsterdam"

    @field_validator("timezone")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, OSError, ValueError) as error:
            raise ValueError(f"there is no time zone {name!r}; an example is Europe/Amsterdam") from error
        return name

    @field_validator("opens", "closes", mode="before")
    @classmethod
    def _quoted(cls, value: object) -> object:
        if not isinstance(value, time | str):  # YAML reads 18:00 without quotes as the number 1080
            raise ValueError('write the time in quotes, as "18:00"')
        return value

    @model_validator(mode="after")
    def _in_order(self) -> OpeningHours:
        if self.opens.tzinfo or self.closes.tzinfo:
            raise ValueError("opens and closes are local times: the zone stands in `timezone`")
        if self.opens >= self.closes:
            raise ValueError("opens must be before closes, on the same day")
        return self

    @property
    def a_week(self) -> timedelta:
        """How long it is open in a week without a clock change."""
        day = datetime(2001, 1, 1, tzinfo=UTC).date()
        return len(set(self.days)) * (datetime.combine(day, self.closes, UTC) - datetime.combine(day, self.opens, UTC))

    def after(self, start: datetime, open_time: timedelta) -> datetime:
        """The moment (UTC) at which `open_time` of opening hours has passed since `start`, at most ten years on."""
        left = open_time
        for opens, closes in self._days(start, +1):
            begin = max(start.astimezone(UTC), opens)
            if begin < closes:
                if left <= closes - begin:
                    return begin + left
                left -= closes - begin
        raise ValueError("the opening hours never add up to the lifetime")

    def before(self, end: datetime, open_time: timedelta) -> datetime:
        """The latest moment (UTC) from which `open_time` of opening hours passes until `end`."""
        left = open_time
        for opens, closes in self._days(end, -1):
            finish = min(end.astimezone(UTC), closes)
            if opens < finish:
                if left <= finish - opens:
                    return finish - left
                left -= finish - opens
        raise ValueError("the opening hours never add up to the lifetime")

    def between(self, start: datetime, end: datetime) -> timedelta:
        """How much of the time from `start` to `end` is opening hours."""
        total = timedelta(0)
        for opens, closes in self._days(start, +1):
            if opens >= end:
                break
            total += max(timedelta(0), min(closes, end) - max(opens, start))
        return total

    def _days(self, moment: datetime, step: Literal[1, -1]) -> Iterator[tuple[datetime, datetime]]:
        """Opening and closing times (UTC) of the days from that of `moment` on, or back from it.

        Reckoned in UTC: between two times of one zone Python counts what the clock on the wall shows, which on two
        days of the year is an hour off.
        """
        zone = ZoneInfo(self.timezone)
        day = moment.astimezone(zone).date()
        for _ in range(LONGEST_DAYS):
            if DAYS[day.weekday()] in self.days:
                opens, closes = (datetime.combine(day, at, zone).astimezone(UTC) for at in (self.opens, self.closes))
                yield opens, closes
            day += timedelta(days=step)
