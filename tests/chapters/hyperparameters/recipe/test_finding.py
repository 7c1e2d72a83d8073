from chapters.hyperparameters.recipe import Finding


def test_a_finding_that_passed_is_one_checked_line():
    assert repr(Finding("initial loss", True, "2.30 nats")) == "✓ initial loss: 2.30 nats"


def test_a_finding_that_failed_shows_its_advice_below():
    shown = repr(Finding("initial loss", False, "9.00 nats", "smaller weights"))
    assert shown == "✗ initial loss: 9.00 nats\n  → smaller weights"


def test_long_findings_are_broken_into_lines():
    shown = repr(Finding("rate", False, "0.1: −22%, " * 10, "a smaller rate " * 8)).splitlines()
    assert max(map(len, shown)) <= 70
    assert [line[:4] for line in shown[:2]] == ["✗ ra", "    "]
    assert sum(line.startswith("  → ") for line in shown) == 1


def test_findings_share_no_values():
    first, second = Finding("a", True, ""), Finding("b", True, "")
    first.values["loss"] = 1.0
    assert not second.values
    assert not second.curves
