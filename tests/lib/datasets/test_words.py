from lib.datasets.translation import tokenize
from lib.datasets.translation_vocabulary import vocabularies
from lib.datasets.words import END, PAD, START, UNKNOWN


def test_numbers_become_words_again():
    english, _ = vocabularies()
    tokens = tokenize("The law was signed in August 1992.")
    numbers = english.encode(tokens)
    assert numbers[-1] == END
    assert tuple(english.decode([START, *numbers, PAD, 7])) == tokens
    assert english.encode(["xylophone"]) == [UNKNOWN, END]
