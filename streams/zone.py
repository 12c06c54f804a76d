"""The zone of every date on this platform. Time is aware, always; a day is a day in this zone."""

from zoneinfo import ZoneInfo

ZONE_NAME = "Asia/Shanghai"
ZONE = ZoneInfo(ZONE_NAME)
