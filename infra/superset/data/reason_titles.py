"""Short Chinese titles of the reasons that put an event into quarantine, for charts that count them."""

REASON_TITLES = {
    "not_json": "不是合法 JSON",
    "not_utf8": "编码不是 UTF-8",
    "not_an_object": "不是 JSON 对象",
    "bad_envelope": "信封不合规范",
    "unknown_source": "来源未登记",
    "wrong_topic": "主题与来源不符",
    "bad_time": "时间无法识别",
    "too_old": "时间过早",
    "too_new": "时间超前",
    "missing": "缺失",
    "unknown_field": "未约定的字段",
    "wrong_type": "类型不符",
    "bad_pattern": "格式不符",
    "out_of_range": "超出范围",
    "not_in_enum": "取值不在约定内",
    "bad_checksum": "校验码不符",
    "untokenised": "个人信息未脱敏",
    "too_long": "内容过长",
    "too_large": "事件过大",
}
