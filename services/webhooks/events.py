"""Facts about webhook endpoints: the storage format and public language, for ever. No secret, nothing personal.

Each class says which standing fields it sets ("Sets: …").
"""

from __future__ import annotations
