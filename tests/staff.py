"""The invented people of `connectors/people.yaml` that tests name, by what matters about them."""

from __future__ import annotations

SANNE = "E1001"  # an employee; Ineke is her manager; she has two ordinary accounts
TOM = "E1002"  # an employee who reads English
PRIYA, JOOST, CHIDI = "E1003", "E1004", "E1022"  # IT approvers
MILA = "E1005"  # service desk
KARIM = "E1006"  # service desk, and an IT approver as well
INEKE = "E1007"  # a manager
DIRECTOR = "E1008"  # a VIP: the board
ADMIN, SECOND_ADMIN = "E1009", "E1010"  # admins of Loket
NOOR = "E1013"  # whose phone changed yesterday
INACTIVE, GUEST, SERVICE, STRANGER = "E1014", "E1015", "E1016", "E9999"
HR = "E1017"  # HR staff
HENK = "E1018"  # no registered phone
AYLIN = "E1019"  # no private mail: a credential has no second road
JAN = "E1020"  # an employee; there is another Jan de Boer
KOEN = "E1040"  # three groups deep a domain admin
MARIA = "E1039"  # an employee who reads English

SPEAKERS = (TOM, SANNE, PRIYA, MILA, KARIM, INEKE, HR, JAN, ADMIN)
