"""Types of numbers that identify a person or an organisation, with their check digits."""

from __future__ import annotations

from typing import Any

from streams.contract import checksums, makers
from streams.contract.types.named import VARCHAR, NamedType, formatted

_PERSONAL: dict[str, Any] = {
    **VARCHAR,
    "personal": True,
    "options": frozenset({"pii"}),
    "needs": frozenset({"pii"}),
}


_HAN = "㐀-䶿一-鿿〇𠀀-𪛟"
"""Han characters as the inside of a class: the common ones, extension A, and B, where rare names are."""

_PROVINCES = "京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新"
_PLATE = "[0-9A-HJ-NP-Z]"
_PATTERNS = {
    # Given names of minorities stand behind a dot; foreign ones have blanks and are not of this type.
    "person_name": f"[{_HAN}]{{2,6}}|[{_HAN}]{{1,12}}(?:·[{_HAN}]{{1,12}}){{1,3}}",
    # GA 36: five places, the last of which may say what kind it is; six of a new-energy car.
    "plate": f"[{_PROVINCES}][A-Z](?:{_PLATE}{{4}}[0-9A-HJ-NP-Z挂学警港澳领]|[A-HJK]{_PLATE}[0-9]{{4}}"
    "|[0-9]{5}[A-HJK])",
    "address": r"[^\x00-\x1f<>\"\\]{4,120}",
}


def _upper(text: str) -> str:
    return text.strip().upper()


def _digits_only(text: str) -> str:
    return text.strip().replace(" ", "").replace("-", "").removeprefix("+86")


def _plate(text: str) -> str:
    for separator in "·•.- ":
        text = text.replace(separator, "")
    return text.upper()


def _dotted(text: str) -> str:
    """One dot for all that are written within names."""
    for dot in "•・‧∙．.":
        text = text.replace(dot, "·")
    return text.strip()


TYPES = (
    NamedType(
        name="cn_id",
        about="resident identity number of 18 characters (GB 11643)",
        reason="{title}应为18位身份证号",
        checksum=checksums.resident_id("{value}"),
        checksum_reason="{title}校验码或出生日期不对",
        make=makers.resident_id,
        clean=_upper,
        **formatted(r"[1-9]\d{16}[0-9X]"),
        **_PERSONAL,
    ),
    NamedType(
        name="mobile",
        about="mobile number of 11 digits",
        reason="{title}应为11位手机号",
        make=makers.mobile,
        clean=_digits_only,
        **formatted(r"1[3-9]\d{9}"),
        **_PERSONAL,
    ),
    NamedType(
        name="bank_card",
        about="bank card number (ISO/IEC 7812)",
        reason="{title}应为12至19位银行卡号",
        checksum=checksums.luhn("{value}"),
        checksum_reason="{title}校验位不对",
        make=makers.bank_card,
        clean=_digits_only,
        **formatted(r"[1-9]\d{11,18}"),
        **_PERSONAL,
    ),
    NamedType(
        name="insurance_no",
        about="medical-insurance number, 9 to 20 digits, first may be a letter; has no public checksum",
        reason="{title}应为9至20位医保编号",
        make=makers.insurance_no,
        clean=_upper,
        **formatted(r"[0-9A-Z]\d{8,19}"),
        **_PERSONAL,
    ),
    NamedType(
        name="person_name",
        about="name of a person in Han characters, with a dot within names of minorities",
        reason="{title}应为2至6个汉字的姓名（少数民族姓名可含间隔号）",
        make=makers.person_name,
        clean=_dotted,
        **formatted(_PATTERNS["person_name"]),
        **_PERSONAL,
    ),
    NamedType(
        name="plate",
        about="licence plate of a vehicle of the mainland (GA 36), new-energy plates included",
        reason="{title}应为车牌号（省份简称、字母和5至6位字母数字）",
        make=makers.plate,
        clean=_plate,
        **formatted(_PATTERNS["plate"]),
        **_PERSONAL,
    ),
    NamedType(
        name="address",
        about="address that leads to a person, 4 to 120 characters",
        reason="{title}应为4至120个字符的地址",
        make=makers.address,
        **formatted(_PATTERNS["address"]),
        **_PERSONAL,
    ),
    NamedType(
        name="uscc",
        about="unified social credit code of an organisation (GB 32100)",
        reason="{title}应为18位统一社会信用代码",
        checksum=checksums.credit_code("{value}"),
        checksum_reason="{title}校验码不对",
        make=makers.credit_code,
        clean=_upper,
        **formatted(r"\d{8}[0-9A-HJ-NPQRTUWXY]{10}"),
        **VARCHAR,
    ),
)
