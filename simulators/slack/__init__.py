"""A Slack organisation over HTTP and WebSocket: its Web API with its limits, its events, and its people."""

from simulators.slack.message import SimMessage
from simulators.slack.person import SimPerson
from simulators.slack.records import Call, Delivery, SimFile, View
from simulators.slack.refusal import NothingToPress
from simulators.slack.simulator import SlackSimulator

__all__ = ["Call", "Delivery", "NothingToPress", "SimFile", "SimMessage", "SimPerson", "SlackSimulator", "View"]
