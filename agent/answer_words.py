"""What changes the meaning of a rule: negations, limits, conditions, permissions, parties and opposites, in two languages.

Each family maps words to one canonical mark, the same in English and Dutch, so that an English sentence can be held
against a Dutch clause.
"""

from __future__ import annotations

import re
from functools import lru_cache

_NEGATIONS = (
    r"\bnot\b|n't\b|\bcannot\b|\bno\b|\bnone\b|\bnever\b|\bnobody\b|\bneither\b|\bnor\b|\bforbidden\b|\bprohibited\b|"
    r"\bniet\b|\bgeen\b|\bnooit\b|\bniemand\b|\bverboden\b|\bnergens\b"
)

# Marks that must be in the answer when the clause has them, and may not be when it has not.
_LIMITS = {
    "at_most": r"\bat most\b|\bno more than\b|\bmaximum\b|\bmax\b|\bup to\b|\bnot more than\b|\bhoogstens\b|\bten hoogste\b|"
    r"\bmaximaal\b|\bniet meer dan\b|\bmaximumduur\b",
    "at_least": r"\bat least\b|\bminimum\b|\bno less than\b|\bnot less than\b|\bminstens\b|\bten minste\b|\bminimaal\b",
    "within": r"\bwithin\b|\bno later than\b|\buiterlijk\b|\bbinnen (?=\S+ (?:\w+ )?(?:uur|dag|dagen|werkdag|week|weken|maand|jaar|minu))",
    "before": r"\bbefore\b|\bbeforehand\b|\bin advance\b|\bprior to\b|\bvoordat\b|\bvooraf\b|\bvan tevoren\b|\bvoorafgaand\b",
    "after": r"\bafter\b|\bafterwards\b|\bna\b(?! overleg)|\bnadat\b|\bachteraf\b|\bdaarna\b",
    "until": r"\buntil\b|\btill\b|\bthrough\b|\btotdat\b|\btot en met\b|\bt/m\b",
    "per": r"\b(?:per|each|every|a) (?=day\b|week\b|month\b|year\b)|\bper (?=dag\b|week\b|maand\b|jaar\b)",
}
_CONDITIONS = (
    r"\bif\b|\bunless\b|\bonly\b|\bexcept\b|\bprovided\b|\bwhen\b|\bas long as\b|\bin consultation\b|\bsubject to\b|\bwith (?:the |your |prior )?"
    r"(?:\w+ )?(?:permission|approval|consent|agreement)\b|\bwithout\b|\bals\b|\btenzij\b|\balleen\b|\bslechts\b|\bbehalve\b|\bmits\b|"
    r"\bindien\b|\bwanneer\b|\bzolang\b|\bin overleg\b|\bmet (?:\w+ )?(?:toestemming|akkoord|goedkeuring)\b|\bzonder\b"
)
_MODES = {
    "must": r"\bmust\b|\bhave to\b|\bhas to\b|\brequired\b|\bobliged\b|\bneed to\b|\bmandatory\b|\bmoet\b|\bmoeten\b|\bverplicht\b|\bdient\b",
    "may": r"\bmay\b|\bcan\b|\ballowed\b|\bpermitted\b|\bmag\b|\bmogen\b|\bkunt\b|\bkan\b|\bkunnen\b|\btoegestaan\b",
    "should": r"\bshould\b|\badvised\b|\brecommend\w*|\bbehoort\b|\braden\b|\baangeraden\b",
}
# Pairs of which a clause says one side: the answer may not say the other.
_OPPOSITES = (
    (r"\bunpaid\b|\bonbetaald\b|\bwithout pay\b|\bzonder salaris\b", r"(?<!un)\bpaid\b|(?<!on)\bbetaald\b|\bwith full pay\b|\bdoorbetaald\b"),
    (r"\bminimum\b|\bat least\b|\bminstens\b|\bminimaal\b", r"\bmaximum\b|\bat most\b|\bhoogstens\b|\bmaximaal\b|\bup to\b"),
    (r"\bbefore\b|\bvoordat\b|\bvooraf\b|\bin advance\b", r"\bafter\b|\bnadat\b|\bachteraf\b|\bafterwards\b"),
    (r"\bincreas\w+|\braised?\b|\bverhoog\w*", r"\bdecreas\w+|\breduc\w+|\blower\w*|\bverlaag\w*|\bverminder\w*"),
    (r"\balways\b|\baltijd\b", r"\bsometimes\b|\bsoms\b|\bnever\b|\bnooit\b"),
    (r"\bfull\b|\bfully\b|\bvolledig\b", r"\bhalf\b|\bpartly\b|\bpartial\w*|\bgedeeltelijk\b|\bdeels\b"),
    (r"\bfirst class\b|\beerste klas\b", r"\bsecond class\b|\btweede klas\b"),
    (r"\bdomestic\b|\bbinnenland\w*|\bwithin the netherlands\b", r"\bforeign\b|\babroad\b|\bbuitenland\w*"),
    (r"\binternal\w*\b|\bintern\w*", r"\bexternal\w*\b|\bextern\w*"),
    (r"\bpermanent\b|\bvast(?:e)?\b", r"\btemporary\b|\btijdelijk\w*"),
    (r"\bfull[- ]time\b|\bvoltijd\w*", r"\bpart[- ]time\b|\bdeeltijd\w*"),
    (r"\bemployer\b|\bwerkgever\b", r"\bemployee\b|\bwerknemer\b"),
    (r"\bexcluding\b|\bexclusief\b", r"\bincluding\b|\binclusief\b"),
    (r"\bgross\b|\bbruto\b", r"\bnet\b|\bnetto\b"),
    (r"\bearlier\b|\beerder\b", r"\blater\b"),
    (r"\boptional\w*|\bvoluntar\w+|\bvrijwillig\b", r"\bmandatory\b|\bcompulsory\b|\brequired\b|\bverplicht\b"),
)  # fmt: skip
# Who does something. The same mark for both languages.
_PARTIES = {
    "manager": r"\bmanager'?s?\b|\bsupervisor\b|\bline manager\b|\bleidinggevende\b",
    "director": r"\bdirector'?s?\b|\bdirecteur\b|\bdirectie\b",
    "hr": r"\bhr(?: services)?\b|\bpersoneelszaken\b",
    "service_desk": r"\b(?:it )?service ?desk\b|\bhelpdesk\b",
    "security": r"\binformation security\b|\bsecurity office\b|\binfosec\b|\binformatiebeveiliging\b",
    "privacy": r"\bprivacy officer\b|\bfunctionaris gegevensbescherming\b",
    "doctor": r"\bcompany doctor\b|\bbedrijfsarts\b",
    "adviser": r"\bconfidential adviser\b|\bvertrouwenspersoon\b",
    "integrity": r"\bintegrity office\b|\bbureau integriteit\b",
    "facilities": r"\bfacilities\b|\bfacilitair\w*",
    "colleague": r"\bcolleague'?s?\b|\bcollega'?s?\b",
    "supplier": r"\bsuppliers?\b|\bcontractors?\b|\bleveranciers?\b",
    "works_council": r"\bworks council\b|\bondernemingsraad\b",
    "partner": r"\bpartners?\b|\bspouse\b|\bechtgeno\w+",
    "child": r"\bchild(?:ren)?\b|\bkind(?:eren)?\b",
    "parent": r"\bparents?\b|\bouders?\b",
    "visitor": r"\bvisitors?\b|\bguests?\b|\bbezoekers?\b|\bgasten?\b",
    "reception": r"\breception\w*|\breceptie\b",
}


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


def _present(family: dict[str, str], text: str) -> frozenset[str]:
    return frozenset(mark for mark, pattern in family.items() if _compiled(pattern).search(text))


def negated(text: str) -> bool:
    """Whether the text denies something. "Not more than" is a limit, no denial; two denials are one statement."""
    rest = _compiled(
        r"\b(?:no|not|niet) (?:more|less|later|meer|minder|later) (?:than|dan)\b|\bnot only\b|\bniet alleen\b"
    ).sub("", text)
    return len(_compiled(_NEGATIONS).findall(rest)) % 2 == 1


def limits(text: str) -> frozenset[str]:
    """The kinds of limit it states."""
    return _present(_LIMITS, text)


def conditional(text: str) -> bool:
    """Whether it holds only under a condition or with an exception."""
    return _compiled(_CONDITIONS).search(text) is not None


def modes(text: str) -> frozenset[str]:
    """Duty, permission or advice."""
    return _present(_MODES, text)


def parties(text: str) -> frozenset[str]:
    """The parties it names."""
    return _present(_PARTIES, text)


def contradicts(answer: str, clause: str) -> bool:
    """Whether the answer says the opposite word of the one the clause says."""
    for left, right in _OPPOSITES:
        for one, other in ((_compiled(left), _compiled(right)), (_compiled(right), _compiled(left))):
            if one.search(answer) and not one.search(clause) and other.search(clause):
                return True
    return False
