"""The words this service says are those of the catalogues."""

from services.kpi.words import CHANNELS, with_channel
from services.opportunities.policies.catalogues import words


def test_channels_are_called_as_in_the_catalogue() -> None:
    assert dict(CHANNELS) == {code: (word.zh, word.en) for code, word in words.CHANNELS.items()}


def test_a_channel_of_the_tenants_own_stands_for_itself() -> None:
    assert with_channel({"channel": "web"}, "zh-CN") == {"channel": "web", "channel_label": "网络"}
    assert with_channel({"channel": "our_fair"}, "en")["channel_label"] == "our_fair"
    assert with_channel({"channel": None}, "en")["channel_label"] is None
