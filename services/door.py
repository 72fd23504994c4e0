"""The front door: the three services in one process, for small installations and `dakehu run`."""

from __future__ import annotations

from services.accounts.main import app as accounts
from services.kpi.main import app as kpi
from services.opportunities.main import app as opportunities
from shared.http.door import Door

app = Door({"accounts": accounts, "opportunities": opportunities, "kpi": kpi})
