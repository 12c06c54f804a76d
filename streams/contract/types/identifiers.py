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


def _upper(text: str) -> str:
    return text.strip().upper()


def _digits_only(text: str) -> str:
    return text.strip().replace(" ", "").replace("-", "").removeprefix("+86")


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
