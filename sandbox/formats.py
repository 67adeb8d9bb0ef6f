"""French formats of the old screens, and the identifiers behind them."""

import re
from datetime import date, datetime
from itertools import pairwise

_AMOUNT = re.compile(r"\d{1,5},\d{2}")


def show_date(day: date | None) -> str:
    """JJ/MM/AAAA, or an empty text."""
    return day.strftime("%d/%m/%Y") if day else ""


def read_date(text: str) -> date | None:
    """A civil date from JJ/MM/AAAA; None when it is not one (30/02/2020, 1/2/2020)."""
    if not re.fullmatch(r"\d{2}/\d{2}/\d{4}", text, re.ASCII):
        return None
    try:
        return datetime.strptime(text, "%d/%m/%Y").date()  # noqa: DTZ007 - a civil date has no zone
    except ValueError:
        return None


def show_money(centimes: int) -> str:
    """Centimes as `1 359,04`, with a no-break space between thousands."""
    euros, rest = divmod(centimes, 100)
    return f"{euros:,}".replace(",", "\N{NO-BREAK SPACE}") + f",{rest:02d}"


def read_money(text: str) -> int | None:
    """Centimes from `1 359,04`; None when it is not an amount with two decimals under 100 000."""
    plain = re.sub(r"[ \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}]", "", text)
    return int(plain.replace(",", "")) if _AMOUNT.fullmatch(plain) else None


def iso_for_french(text: str) -> str:
    """A date JJ/MM/AAAA as AAAA-MM-JJ; any other text as it is."""
    day = read_date(text)
    return day.isoformat() if day else text


def point_for_comma(text: str) -> str:
    """An amount `1 359,04` as `1359.04`; any other text as it is."""
    centimes = read_money(text)
    return text if centimes is None else f"{centimes // 100}.{centimes % 100:02d}"


def comma_for_point(text: str) -> str:
    """An amount `1359.04` as `1359,04`; any other text as one that nobody reads as an amount."""
    return text.replace(".", ",") if re.fullmatch(r"\d+\.\d{2}", text.strip(), re.ASCII) else "-"


def show_yes(value: bool) -> str:  # noqa: FBT001 - a formatter has one argument
    """`oui` or `non`."""
    return "oui" if value else "non"


def show_nir(nir: str) -> str:
    """`1 85 02 61 999 001 89` from 15 characters."""
    cuts = (0, 1, 3, 5, 7, 10, 13, 15)
    return " ".join(nir[a:b] for a, b in pairwise(cuts))


def show_iban(iban: str) -> str:
    """An IBAN in groups of four."""
    return " ".join(iban[i : i + 4] for i in range(0, len(iban), 4))


def canonical_nir(text: str) -> str:
    """The NIR as typed, without spaces, in capitals."""
    return re.sub(r"\s", "", text).upper()


def nir_key(body: str) -> str:
    """The two-digit key of a 13-character NIR (2A counts as 19, 2B as 18)."""
    number = int(body.replace("2A", "19").replace("2B", "18"))
    return f"{97 - number % 97:02d}"


def nir_is_right(nir: str) -> bool:
    """Whether 15 characters have the shape of a NIR and the right key."""
    if not re.fullmatch(r"[1-478]\d{4}(\d{2}|2[AB])\d{8}", nir, re.ASCII):
        return False
    return nir_key(nir[:13]) == nir[13:]


def iban_of(country: str, account: str) -> str:
    """The IBAN of an account (BBAN): two check digits, mod 97."""
    return f"{country}{98 - _iban_number(account + country + '00') % 97:02d}{account}"


def iban_is_right(iban: str) -> bool:
    """Whether an IBAN satisfies mod 97."""
    return re.fullmatch(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", iban, re.ASCII) is not None and (
        _iban_number(iban[4:] + iban[:4]) % 97 == 1
    )


def _iban_number(text: str) -> int:
    return int("".join(str(int(c, 36)) for c in text))
