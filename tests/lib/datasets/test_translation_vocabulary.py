from lib.datasets import translation_vocabulary as v
from lib.datasets.words import SPECIAL


def test_special_words_come_first():
    assert all(vocabulary.words[:4] == SPECIAL for vocabulary in v.vocabularies())


def test_kinds_of_french_words_share_none_and_are_words_of_the_language():
    kinds = v.french_kinds()
    members = [word for kind in kinds.values() for word in kind]
    assert len(members) == len(set(members))
    assert set(members) <= set(v.vocabularies()[1].words)
    assert {"zone", "zones"} <= kinds["noun"]
    assert "nouvel" in kinds["adjective"]
    assert {"août", "1992", "lundi"} <= kinds["date"]
