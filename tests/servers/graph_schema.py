"""The parts of Microsoft Graph's published CSDL (v1.0) that Loket touches: names and types, and who may call what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Types = Mapping[str, type | tuple[type, ...]]
TEXT, FLAG, NUMBER, LIST, OBJECT = str, bool, int, list, dict

USER: Types = {
    **dict.fromkeys(
        [
            "id",
            "userPrincipalName",
            "displayName",
            "givenName",
            "surname",
            "jobTitle",
            "department",
            "city",
            "officeLocation",
            "mail",
            "mobilePhone",
            "mailNickname",
            "preferredLanguage",
            "employeeId",
            "employeeType",
            "userType",
            "companyName",
            "country",
            "usageLocation",
            "state",
            "onPremisesSamAccountName",
            "onPremisesImmutableId",
            "onPremisesUserPrincipalName",
            "createdDateTime",
            "lastPasswordChangeDateTime",
            "signInSessionsValidFromDateTime",
            "passwordPolicies",
            "externalUserState",
        ],
        TEXT,
    ),
    "accountEnabled": FLAG,
    "onPremisesSyncEnabled": FLAG,
    "businessPhones": LIST,
    "otherMails": LIST,
    "proxyAddresses": LIST,
    "onPremisesExtensionAttributes": OBJECT,
    "passwordProfile": OBJECT,
}
PASSWORD_PROFILE: Types = {
    "password": TEXT,
    "forceChangePasswordNextSignIn": FLAG,
    "forceChangePasswordNextSignInWithMfa": FLAG,
}
GROUP: Types = {
    **dict.fromkeys(
        ["id", "displayName", "description", "mail", "mailNickname", "createdDateTime", "visibility"], TEXT
    ),
    **dict.fromkeys(("securityEnabled", "mailEnabled", "isAssignableToRole", "onPremisesSyncEnabled"), FLAG),
    "groupTypes": LIST,
}
ROLE: Types = dict.fromkeys(["id", "displayName", "description", "roleTemplateId"], TEXT)
ROLE_ASSIGNMENT: Types = dict.fromkeys(
    ["id", "principalId", "roleDefinitionId", "directoryScopeId", "appScopeId"], TEXT
)
ELIGIBILITY: Types = {
    **ROLE_ASSIGNMENT,
    **dict.fromkeys(["startDateTime", "endDateTime", "memberType", "roleEligibilityScheduleId"], TEXT),
}
AUDIT: Types = {
    **dict.fromkeys(
        [
            "id",
            "category",
            "correlationId",
            "result",
            "resultReason",
            "activityDisplayName",
            "activityDateTime",
            "loggedByService",
            "operationType",
        ],
        TEXT,
    ),
    "initiatedBy": OBJECT,
    "targetResources": LIST,
    "additionalDetails": LIST,
}
PASS: Types = {
    **dict.fromkeys(["id", "createdDateTime", "startDateTime", "methodUsabilityReason", "temporaryAccessPass"], TEXT),
    "lifetimeInMinutes": NUMBER,
    "isUsable": FLAG,
    "isUsableOnce": FLAG,
}
PASS_BODY: Types = {"isUsableOnce": FLAG, "lifetimeInMinutes": NUMBER, "startDateTime": TEXT}
DOMAIN: Types = {"id": TEXT, "authenticationType": TEXT, "isVerified": FLAG, "isDefault": FLAG}
POLICY: Types = {"id": TEXT, "state": TEXT, "isUsableOnce": FLAG, "maximumLifetimeInMinutes": NUMBER}

_PEOPLE = {"User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}
_GROUPS = {"GroupMember.Read.All", "Group.Read.All", "Directory.Read.All", "Directory.ReadWrite.All"}
_TAP_WRITE = {"UserAuthMethod-TAP.ReadWrite.All", "UserAuthenticationMethod.ReadWrite.All"}
PERMISSIONS: Mapping[str, set[str]] = {
    "users": _PEOPLE,
    "memberships": _PEOPLE | _GROUPS,
    "groups": _GROUPS,
    "roleAssignments": {"RoleManagement.Read.Directory", "RoleManagement.Read.All", "Directory.Read.All"},
    "roleEligibilityScheduleInstances": {"RoleEligibilitySchedule.Read.Directory", "RoleManagement.Read.Directory"},
    "audits": {"AuditLog.Read.All"},
    "domains": {"Domain.Read.All", "Directory.Read.All"},
    "policy": {"Policy.Read.AuthenticationMethod", "Policy.Read.All"},
    "password": {"User-PasswordProfile.ReadWrite.All", "User.ReadWrite.All"},
    "sessions": {"User.RevokeSessions.All", "User.ReadWrite.All"},
    "passes": {*_TAP_WRITE, "UserAuthMethod-TAP.Read.All", "UserAuthenticationMethod.Read.All"},
    "passes.change": _TAP_WRITE,
}


def wrong(body: Any, types: Types) -> list[str]:
    """What is wrong with a body: unknown names and wrong types. `True` is no number."""
    if not isinstance(body, dict):
        return ["the body is no object"]
    unknown = [f"no such property: {name}" for name in body if name not in types]
    return unknown + [
        f"{name} has the wrong type" for name, value in body.items() if name in types and type(value) is not types[name]
    ]
