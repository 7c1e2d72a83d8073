"""The words of the translation language, English with French; all in lower case."""

from typing import NamedTuple


class Noun(NamedTuple):
    """A noun in both languages: singular, plural; `feminine` is its French gender."""

    english: tuple[str, str]
    french: tuple[str, str]
    feminine: bool
    kind: str


class Adjective(NamedTuple):
    """An adjective; its French forms are (masculine, feminine), each (singular, plural).

    Attributes:
        before: whether it precedes its noun in French.
        vowel: the masculine singular before a vowel, if that differs.
        kinds: kinds of nouns it fits.
    """

    english: str
    french: tuple[tuple[str, str], tuple[str, str]]
    before: bool
    kinds: tuple[str, ...]
    vowel: str | None = None


class Verb(NamedTuple):
    """A transitive verb: English base and participle, French participle, its objects' kinds."""

    base: str
    past: str
    participle: str
    french: str
    objects: tuple[str, ...]


DOCUMENT, PERSON, PLACE, REGION = "document", "person", "place", "region"
EVERYTHING = (DOCUMENT, PERSON, PLACE, REGION)


def _noun(english: str, french: str, gender: str, kind: str, plural: str | None = None) -> Noun:
    plurals = english + "s" if plural is None else plural
    return Noun((english, plurals), (french, _plural(french)), gender == "f", kind)


def _plural(french: str) -> str:
    """The plural of a French word that follows the rules for -s, -al and -eau."""
    if french.endswith(("s", "x")):
        return french
    if french.endswith("al"):
        return french[:-2] + "aux"
    return french + ("x" if french.endswith("eau") else "s")


def _adjective(
    english: str,
    masculine: str,
    feminine: str,
    kinds: tuple[str, ...],
    *,
    before: bool = False,
    vowel: str | None = None,
) -> Adjective:
    forms = ((masculine, _plural(masculine)), (feminine, feminine + "s"))
    return Adjective(english, forms, before, kinds, vowel)


NOUNS = (
    _noun("agreement", "accord", "m", DOCUMENT),
    _noun("treaty", "traité", "m", DOCUMENT, "treaties"),
    _noun("law", "loi", "f", DOCUMENT),
    _noun("letter", "lettre", "f", DOCUMENT),
    _noun("report", "rapport", "m", DOCUMENT),
    _noun("contract", "contrat", "m", DOCUMENT),
    _noun("plan", "plan", "m", DOCUMENT),
    _noun("study", "étude", "f", DOCUMENT, "studies"),
    _noun("poem", "poème", "m", DOCUMENT),
    _noun("novel", "roman", "m", DOCUMENT),
    _noun("minister", "ministre", "m", PERSON),
    _noun("president", "président", "m", PERSON),
    _noun("engineer", "ingénieur", "m", PERSON),
    _noun("student", "étudiant", "m", PERSON),
    _noun("professor", "professeur", "m", PERSON),
    _noun("queen", "reine", "f", PERSON),
    _noun("judge", "juge", "m", PERSON),
    _noun("author", "auteur", "m", PERSON),
    _noun("lawyer", "avocate", "f", PERSON),
    _noun("singer", "chanteuse", "f", PERSON),
    _noun("museum", "musée", "m", PLACE),
    _noun("school", "école", "f", PLACE),
    _noun("hospital", "hôpital", "m", PLACE),
    _noun("bridge", "pont", "m", PLACE),
    _noun("house", "maison", "f", PLACE),
    _noun("castle", "château", "m", PLACE),
    _noun("garden", "jardin", "m", PLACE),
    _noun("library", "bibliothèque", "f", PLACE, "libraries"),
    _noun("factory", "usine", "f", PLACE, "factories"),
    _noun("church", "église", "f", PLACE, "churches"),
    _noun("area", "zone", "f", REGION),
    _noun("city", "ville", "f", REGION, "cities"),
    _noun("island", "île", "f", REGION),
    _noun("region", "région", "f", REGION),
    _noun("market", "marché", "m", REGION),
    _noun("village", "village", "m", REGION),
    _noun("country", "pays", "m", REGION, "countries"),
    _noun("state", "état", "m", REGION),
)
ADJECTIVES = (
    _adjective("european", "européen", "européenne", EVERYTHING),
    _adjective("economic", "économique", "économique", (DOCUMENT, REGION)),
    _adjective("french", "français", "française", EVERYTHING),
    _adjective("english", "anglais", "anglaise", EVERYTHING),
    _adjective("political", "politique", "politique", (DOCUMENT, REGION)),
    _adjective("public", "public", "publique", (DOCUMENT, PLACE, REGION)),
    _adjective("secret", "secret", "secrète", (DOCUMENT, PLACE)),
    _adjective("famous", "célèbre", "célèbre", EVERYTHING),
    _adjective("important", "important", "importante", EVERYTHING),
    _adjective("modern", "moderne", "moderne", (DOCUMENT, PLACE, REGION)),
    _adjective("green", "vert", "verte", (PLACE, REGION)),
    _adjective("white", "blanc", "blanche", (PLACE,)),
    _adjective("prudent", "prudent", "prudente", (DOCUMENT, PERSON)),
    _adjective("patient", "patient", "patiente", (PERSON,)),
    _adjective("new", "nouveau", "nouvelle", EVERYTHING, before=True, vowel="nouvel"),
    _adjective("old", "vieux", "vieille", EVERYTHING, before=True, vowel="vieil"),
    _adjective("large", "grand", "grande", (PLACE, REGION), before=True),
    _adjective("small", "petit", "petite", (PLACE, REGION), before=True),
    _adjective("good", "bon", "bonne", EVERYTHING, before=True),
    _adjective("young", "jeune", "jeune", (PERSON,), before=True),
)
VERBS = (
    Verb("sign", "signed", "signed", "signé", (DOCUMENT,)),
    Verb("read", "read", "read", "lu", (DOCUMENT,)),
    Verb("translate", "translated", "translated", "traduit", (DOCUMENT,)),
    Verb("finish", "finished", "finished", "fini", (DOCUMENT,)),
    Verb("lose", "lost", "lost", "perdu", (DOCUMENT,)),
    Verb("publish", "published", "published", "publié", (DOCUMENT,)),
    Verb("build", "built", "built", "construit", (PLACE,)),
    Verb("sell", "sold", "sold", "vendu", (PLACE,)),
    Verb("close", "closed", "closed", "fermé", (PLACE,)),
    Verb("visit", "visited", "visited", "visité", (PLACE, REGION)),
    Verb("leave", "left", "left", "quitté", (PLACE, REGION)),
    Verb("choose", "chose", "chosen", "choisi", EVERYTHING),
    Verb("find", "found", "found", "trouvé", EVERYTHING),
    Verb("describe", "described", "described", "décrit", EVERYTHING),
    Verb("meet", "met", "met", "rencontré", (PERSON,)),
    Verb("invite", "invited", "invited", "invité", (PERSON,)),
)
# Prepositions by the kinds of nouns they join: English, French.
PREPOSITIONS = {
    (DOCUMENT, REGION): ("on", "sur"),
    (DOCUMENT, PLACE): ("on", "sur"),
    (DOCUMENT, PERSON): ("of", "de"),
    (PERSON, REGION): ("of", "de"),
    (PERSON, PLACE): ("of", "de"),
    (PLACE, REGION): ("in", "dans"),
    (PLACE, PERSON): ("of", "de"),
    (REGION, PERSON): ("of", "de"),
}
YEARS = range(1950, 2021)
CAPITAL = {
    "european",
    "french",
    "english",
}  # capitalized in English, as are months and days
ARTICLES = {"le", "la", "l'", "les", "un", "une", "ce", "cet", "cette", "ces"}
AUXILIARIES = {"a", "ont", "été", "sera", "seront", "est", "sont", "était", "étaient"}
