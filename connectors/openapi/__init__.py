"""One call of one operation of an HTTP service, as its OpenAPI document describes it."""

from connectors.openapi.calling import HttpCall, OpenApiService
from connectors.openapi.signing import SignIn
from connectors.openapi.writing import Slot, written

__all__ = ["HttpCall", "OpenApiService", "SignIn", "Slot", "written"]
