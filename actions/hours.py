"""Opening hours: an approval's time to live runs only while somebody is there to approve."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


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
        ZoneInfo(name)
        return name

    def after(self, start: datetime, open_time: timedelta) -> datetime:
        """The moment (UTC) at which `open_time` of opening hours has passed since `start`; at most a year on."""
        zone = ZoneInfo(self.timezone)
        left, day = open_time, start.astimezone(zone).date()
        for _ in range(366):
            if DAYS[day.weekday()] in self.days:
                opens = datetime.combine(day, self.opens, zone)
                closes = datetime.combine(day, self.closes, zone)
                begin = max(start, opens)
                if begin < closes:
                    if left <= closes - begin:
                        return (begin + left).astimezone(start.tzinfo)
                    left -= closes - begin
            day += timedelta(days=1)
        raise ValueError("the opening hours never add up to the lifetime")
