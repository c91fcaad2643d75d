"""How tax ids look, by type: their letters and digits without signs between. Form only; who owns one is not asked anywhere.

From the public lists of the authorities and the examples in the public API's documentation; where a check digit exists it is
not computed, since a form that is too strict refuses honest numbers.
"""

import re

# The European Union's, by the country that a number begins with (the Commission's list for VIES).
EU = {
    "AT": r"U\d{8}", "BE": r"[01]\d{9}", "BG": r"\d{9,10}", "CY": r"\d{8}[A-Z]", "CZ": r"\d{8,10}", "DE": r"\d{9}",
    "DK": r"\d{8}", "EE": r"\d{9}", "EL": r"\d{9}", "ES": r"[A-Z0-9]\d{7}[A-Z0-9]", "FI": r"\d{8}", "FR": r"[A-Z0-9]{2}\d{9}",
    "GR": r"\d{9}", "HR": r"\d{11}", "HU": r"\d{8}", "IE": r"\d[A-Z0-9]\d{5}[A-Z]{1,2}", "IT": r"\d{11}",
    "LT": r"(?:\d{9}|\d{12})", "LU": r"\d{8}", "LV": r"\d{11}", "MT": r"\d{8}", "NL": r"\d{9}B\d{2}", "PL": r"\d{10}",
    "PT": r"\d{9}", "RO": r"\d{2,10}", "SE": r"\d{12}", "SI": r"\d{8}", "SK": r"\d{10}", "XI": r"(?:\d{9}|\d{12})",
}  # fmt: skip
COUNTRIES = {"EL": "GR", "XI": "GB"}  # where the beginning is no ISO code
FORMS = {
    "ad_nrt": r"[A-Z]\d{6}[A-Z]", "ae_trn": r"\d{15}", "al_tin": r"[A-Z]\d{8}[A-Z]", "am_tin": r"\d{8}", "ao_tin": r"\d{10}",
    "ar_cuit": r"\d{11}", "au_abn": r"\d{11}", "au_arn": r"\d{12}", "aw_tin": r"\d{8}", "az_tin": r"\d{10}",
    "ba_tin": r"\d{12}", "bb_tin": r"\d{13}", "bd_bin": r"\d{13}", "bf_ifu": r"\d{8}[A-Z]", "bg_uic": r"\d{9}",
    "bh_vat": r"\d{15}", "bj_ifu": r"\d{13}", "bo_tin": r"\d{7,12}", "br_cnpj": r"[A-Z0-9]{12}\d{2}", "br_cpf": r"\d{11}",
    "bs_tin": r"\d{9}", "by_tin": r"\d{9}", "ca_bn": r"\d{9}", "ca_gst_hst": r"\d{9}RT\d{4}", "ca_pst_bc": r"PST\d{8}",
    "ca_pst_mb": r"\d{7}", "ca_pst_sk": r"\d{7}", "ca_qst": r"\d{10}TQ\d{4}", "cd_nif": r"[A-Z]\d{7}[A-Z]",
    "ch_uid": r"CHE\d{9}(?:HR)?", "ch_vat": r"CHE\d{9}(?:MWST|TVA|IVA)", "cl_tin": r"\d{7,8}[0-9K]",
    "cm_niu": r"[A-Z]\d{12}[A-Z]", "cn_tin": r"[A-Z0-9]{15,20}", "co_nit": r"\d{9,10}", "cr_tin": r"\d{9,12}",
    "cv_nif": r"\d{9}", "de_stn": r"\d{10,13}", "do_rcn": r"(?:\d{9}|\d{11})", "ec_ruc": r"\d{13}", "eg_tin": r"\d{9}",
    "es_cif": r"[A-Z0-9]\d{7}[A-Z0-9]", "et_tin": r"\d{10}", "eu_oss_vat": r"(?:EU|IM)\d{9,10}",
    "eu_vat": "|".join(f"{code}{form}" for code, form in EU.items()), "fo_vat": r"\d{6}",
    "gb_vat": r"(?:GB|XI)(?:\d{9}|\d{12}|(?:GD|HA)\d{3})", "ge_vat": r"\d{9}", "gi_tin": r"\d{6}", "gn_nif": r"\d{9}",
    "hk_br": r"\d{8}", "hr_oib": r"(?:HR)?\d{11}", "hu_tin": r"\d{11}", "id_npwp": r"\d{15,16}", "il_vat": r"\d{9}",
    "in_gst": r"\d{2}[A-Z0-9]{13}", "is_vat": r"\d{5,6}", "it_cf": r"(?:[A-Z0-9]{16}|\d{11})", "jp_cn": r"\d{13}",
    "jp_rn": r"\d{5,12}", "jp_trn": r"T\d{13}", "ke_pin": r"[A-Z]\d{9}[A-Z]", "kg_tin": r"\d{14}", "kh_tin": r"[A-Z0-9]\d{12}",
    "kr_brn": r"\d{10}", "kz_bin": r"\d{12}", "la_tin": r"\d{12}", "li_uid": r"CHE\d{9}", "li_vat": r"\d{5}",
    "lk_vat": r"\d{13}", "ma_vat": r"\d{8}", "md_vat": r"\d{7}", "me_pib": r"\d{8}", "mk_vat": r"MK\d{13}", "mr_nif": r"\d{8}",
    "mx_rfc": r"[A-ZÑ&]{3,4}\d{6}[A-Z0-9]{3}", "my_frp": r"\d{8}", "my_itn": r"[A-Z]{1,2}\d{6,11}", "my_sst": r"[A-Z]\d{14}",
    "ng_tin": r"\d{12}", "no_vat": r"\d{9}MVA", "no_voec": r"(?:VOEC)?\d{7}", "np_pan": r"\d{9}", "nz_gst": r"\d{8,9}",
    "om_vat": r"OM\d{10}", "pe_ruc": r"\d{11}", "ph_tin": r"\d{9,14}", "pl_nip": r"\d{10}", "py_ruc": r"\d{6,9}",
    "ro_tin": r"\d{13}", "rs_pib": r"\d{9}", "ru_inn": r"(?:\d{10}|\d{12})", "ru_kpp": r"\d{4}[A-Z0-9]{2}\d{3}",
    "sa_vat": r"\d{15}", "sg_gst": r"[A-Z0-9]{9,10}", "sg_uen": r"(?:\d{8,9}[A-Z]|[A-Z]\d{2}[A-Z]{2}\d{4}[A-Z])",
    "si_tin": r"\d{8}", "sn_ninea": r"\d{7,8}[A-Z0-9]{2,3}", "sr_fin": r"\d{10}", "sv_nit": r"\d{14}", "th_vat": r"\d{13}",
    "tj_tin": r"\d{9}", "tr_tin": r"\d{10,11}", "tw_vat": r"\d{8}", "tz_vat": r"\d{8}[A-Z]", "ua_vat": r"\d{9,12}",
    "ug_tin": r"\d{10}", "us_ein": r"\d{9}", "uy_ruc": r"\d{12}", "uz_tin": r"\d{9}", "uz_vat": r"\d{12}",
    "ve_rif": r"[A-Z]\d{9}", "vn_tin": r"\d{10}(?:\d{3})?", "za_vat": r"\d{10}", "zm_tin": r"\d{10}", "zw_tin": r"\d{10}",
}  # fmt: skip
SIGNS = re.compile(r"[ .\-/]")
MATCH = {type: re.compile(form, re.ASCII).fullmatch for type, form in FORMS.items()}


def fits(type: str, value: str) -> bool:
    """Whether a value has its type's form, in any case, with or without signs between its groups."""
    return MATCH[type](SIGNS.sub("", value).upper()) is not None


def country(type: str, value: str) -> str | None:
    """The ISO 3166-1 code of whoever gave the number out; None: no one country did."""
    if type == "eu_oss_vat":
        return None
    code = (value if type == "eu_vat" else type)[:2].upper()
    return COUNTRIES.get(code, code)
