"""What a heading says about its column, in Chinese and in English. Pure."""

from __future__ import annotations

import re

from streams.importer.tables import WITHIN


class Hint:
    """A kind of heading: `in` asks whether a heading is one; of a key within an object, also by itself."""

    def __init__(self, pattern: str) -> None:
        self._pattern = re.compile(pattern, re.IGNORECASE)

    def __contains__(self, heading: str) -> bool:
        key = heading.rpartition(WITHIN)[2]
        return any(self._pattern.search(each) is not None for each in {heading, key})


PERSON_NAME = Hint(
    r"姓名|名字|联系人|经办人|申请人$|户主$|监护人$|责任人$"
    r"|(full|first|last)[ _]?name"
    r"|(person|customer|patient|contact|applicant|user|buyer|guest|rider|driver|member|resident|citizen|elder"
    r"|payer|payee|recipient)[ _.]?name"
)
PERSON = Hint(
    r"人$|(?<![成会])员$|者$|员工$|户主|姓名|司机|医生|医师|护士|教师|老师|社工|师傅|教练|律师"
    r"|(组|班|站|队|所|院|校|楼|村)长$|主任$|干部$|^(doctor|driver|nurse|teacher|cashier|clerk)$"
)
PERSON_NUMBER = Hint(
    r"护照|学号|学籍号|准考证|(驾驶|残疾|军官|居住|通行)证号?(码)?$|驾照号|(微信|QQ)(号|号码|账号|昵称)?$|微信id"
    r"|open_?id|union_?id|wechat|weixin|passport|student[ _]?(no|id|num)|driv\w+[ _]?licen[cs]e"
)
ROOM = Hint(r"房号|门牌|户室|单元室|室号$")
HOME = Hint(
    r"住址|(家庭|户籍|居住|现住|常住|收件|联系)(人)?地址|户籍(所在)?地|居住地$"
    r"|(home|residential|mailing)[ _]?addr"
)
ADDRESS = Hint(r"地址|住址|经度|纬度|\baddress|longitude|latitude|^(lat|lon|lng)$")
PLATE = Hint(r"车牌|号牌|(licen[cs]e|number|car)[ _]?plate|^plate([ _]?(no|num|number))?$")
EMAIL = Hint(r"邮箱|e-?mail")
IDENTITY = Hint(r"身份证|公民身份|证件号|id[ _]?card|identity[ _]?(no|num)")
PHONE = Hint(r"手机|电话|联系方式|^mobile$|mobile[ _]?(no|num|phone)|phone|\btel\b")
BANK_CARD = Hint(r"银行卡|银行账|卡号|bank[ _]?(card|acc)|card[ _]?n(o|um)")
INSURANCE = Hint(r"(医保|社保).*(号|码)|insurance[ _]?(no|num)")

MONEY = Hint(
    r"金额|元\)?$|费$|费用|价$|价格|单价|款|补贴|补助|工资|余额|收入|支出|应付|实付|应收|实收|自付"
    r"|amount|price|fee\b|cost|charge|salary|wage|subsidy|payment|paid$"
)
MEASURE = Hint(
    r"数$|数量|次数|人次|件数|人数|量$|时长|时间|分钟|小时|天数|年龄|重量|里程|距离|温度|湿度|水位|度$"
    r"|评分|得分|分数|率$|(?<!ac)(?<!dis)count(?!r?y)|number of|qty|quantity|duration|minutes|hours|days"
    r"|age\b|score|weight|distance|total|size"
)
CODE = Hint(
    r"编号|编码|代码|号$|号码|序号|单号|流水|邮编|邮政|code|number$|_?no\.?$|(^|[ _])id$|id$|zip|serial"
    r"|[ _]?num$"
)
FLAG = Hint(r"是否|有无|标志|标识|flag|^is|^has|anonymous")
CATEGORY = Hint(r"类型|类别|种类|分类|状态|等级|级别|方式|渠道|type|status|level|kind|category|class|channel")
STEP = Hint(
    r"状态|步骤|环节|节点|阶段|进度|进展|办理情况|处置结果|流程"
    r"|status|(^|[ _])step|stage|phase|^state$|action"
)
PLACE = Hint(
    r"食堂|驿站|站点|站$|站编号|网点|点位|机构|学校|医院|药店|工地|工坊|小区|社区|街道|路段|门店|商户"
    r"|窗口|场馆|停车场|设备|部门|单位|station|shop|store|site|school|hospital|place|venue|device|owner"
    r"|agency|department|depot"
)
IDENTIFIER = Hint(
    r"流水|单号|事件编号|记录|业务编号|案件编号|工单|订单|交易号|受理编号|^编号$|^序列?号$|^id$"
    r"|event[ _]?id|record|order|ticket|serial|request[ _]?(no|id|num)|sr_?number|uuid|key$"
)
MOMENT = Hint(r"时间|日期|时刻$|date|time")
CLOCK = Hint(r"时间|时刻|时分|钟点|time|clock|^hour")
DURATION = Hint(r"时长|用时|耗时|历时|duration|elapsed")
INSTANT = Hint(r"时间|日期|时刻$|时间?戳|date|time|(?-i:At$)|[_ ](at|ts)$|^ts$")
CREATED = Hint(
    r"发生|创建|登记|受理|申请|用餐|就诊|交易|借|上传|上报|刷卡|发放|事件时间|业务时间|^时间$"
    r"|created|start|occur|event|request|^time$|timestamp|opened"
)
LATER = Hint(
    r"结束|办结|完成|关闭|归还|更新|修改|到期|截止|约定|预约"
    r"|closed|end|finish|updated|modified|due|expire|service"
)
BIRTH = Hint(r"出生|生日|birth|dob")
BIRTHDAY = Hint(r"出生(日期|年月|时间|年份)|生日$|birth[ _]?(day|date)|date of birth|^dob$")
FREE_TEXT = Hint(r"备注|说明|描述|内容|意见|诉求|摘要|remark|note|comment|description|message")
