"""Facts this service publishes: the storage format and the public language, for ever. Other services import this alone.

Names and fields are never renamed; change is by addition. A fact's `timestamp` is its business time. Views fold the
standing fields a fact set (`changes`), written beside each class as `sets:`; `changes` may be corrected later by a
`FactCorrected`, the other fields of a fact may not. Each noun's facts stand in the `events.py` of its folder.
"""

from __future__ import annotations

from services.accounts.events import Layer as Layer
from services.opportunities.attachments.events import *
from services.opportunities.bids.events import *
from services.opportunities.billing.events import *
from services.opportunities.contracts.events import *
from services.opportunities.filings.events import *
from services.opportunities.follow_ups.events import *
from services.opportunities.leads.events import *
from services.opportunities.negotiations.events import *
from services.opportunities.opportunity.events import *
from services.opportunities.policies.events import *
from services.opportunities.products.events import *
from services.opportunities.projects.events import *
from services.opportunities.solutions.events import *
from services.opportunities.visits.events import *
from shared.event_store.stream import FactCorrected as FactCorrected
from shared.event_store.stream import FactVoided as FactVoided
