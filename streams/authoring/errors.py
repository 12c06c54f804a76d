"""What `contract new` cannot make a proposal of.

NoContract                   an ImportRefused: the sample, or what was asked of it, makes no contract
"""

from __future__ import annotations

from streams.errors import ImportRefused


class NoContract(ImportRefused):
    """The sample lacks what every contract needs, or a column that was asked for."""
