"""What can be wrong with a policy: every rule of the linter under its code, and a finding of one in a file."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["RULES", "Finding", "Rule", "Severity"]


class Severity(StrEnum):
    """How grave a finding is, the gravest first: an error keeps the policy out, a warning and a note do not."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule: what it is about, how grave it is, and its sentences with places for values."""

    code: str
    about: str
    severity: Severity
    text: str
    text_zh: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A rule that a policy breaks, and on which line (from 1) of its text."""

    code: str
    severity: Severity
    line: int
    text: str
    text_zh: str

    @property
    def plain(self) -> dict[str, str | int]:
        """The same for JSON."""
        return {"code": self.code, "severity": self.severity.value, "line": self.line,
                "text": self.text, "text_zh": self.text_zh}  # fmt: skip


_E, _W, _N = Severity.ERROR, Severity.WARNING, Severity.NOTE

#: code, what it is about, severity, English, Chinese.
_TOLD = (
    ("L101", "unreadable", _E, "It cannot be read: {problem}.", "无法读取：{problem}。"),
    ("L102", "unreadable", _E, "It is no kind of policy that is known.", "无法识别该策略的类型。"),
    ("L103", "translation missing", _E,
     "{row}: {name} must be said in English and in Chinese.", "{row}：{name} 须同时有英文和中文。"),
    ("L201", "number without a source", _E,
     "{row} = {value} names no source and is no own proposal.", "{row} = {value} 既无出处，也未注明为自拟。"),
    ("L202", "own proposal", _N, "{row} = {value} is an own proposal.", "{row} = {value} 为自拟数值。"),
    ("L203", "number that is not set", _N,
     "{row} has no number, since none has a source.", "{row} 未设数值，因为没有可依据的出处。"),
    ("L211", "date", _W, "since = {since} lies after {today}: it is not in force yet.",
     "生效日期 {since} 晚于 {today}：尚未生效。"),
    ("L212", "date", _E, "{row} begins on {since}, after the policy that says so ({policy}).",
     "{row} 自 {since} 起生效，晚于所属策略的日期（{policy}）。"),
    ("L213", "date", _W, "{row}: every day lies before {today}.", "{row}：所列日期均早于 {today}，已过期。"),
    ("L301", "row out of reach", _E,
     "{row} can never be reached: {other} always comes before it.", "{row} 永远不会生效：{other} 总是先于它。"),
    ("L302", "row out of reach", _E,
     "{row} = {value} can never be reached beside {other} = {than}.",
     "{row} = {value} 永远不会生效，因为 {other} = {than}。"),
    ("L303", "row out of reach", _E, "Nothing leads to {row}.", "没有任何情形会用到 {row}。"),
    ("L311", "gap", _E, "Nothing is said of {gap} ({row}).", "{row} 未涵盖 {gap}。"),
    ("L321", "overlap", _E, "{row} and {other} both hold for {what}.", "{row} 与 {other} 同时适用于 {what}。"),
    ("L331", "not monotone", _E,
     "{row} = {value} is kinder than {other} = {than}, which stands for no more risk.",
     "{row} = {value} 比 {other} = {than} 更宽松，而后者的风险并不更高。"),
    ("L401", "metric unknown", _E, "{row} looks at what is no feature: {metric}.", "{row} 所看的 {metric} 不是特征。"),
    ("L402", "metric unknown", _E, "{row} asks for what is no paper: {metric}.", "{row} 所要求的 {metric} 不是资质。"),
    ("L403", "missing data", _E,
     "{row}: {metric} may be unknown, and when_missing does not say what follows.",
     "{row}：{metric} 可能缺失，而 when_missing 未说明如何处理。"),
    ("L404", "limit on the wrong side", _E,
     "{row} asks for more risk: of {metric} {riskier} is riskier.",
        "{row} 的方向相反：{metric} {riskier} 时风险更大。"),
    ("L405", "stop rule that can be bought off", _E,
     "{row} stops by an average ({metric}) that more orders can mend.",
     "{row} 依据平均值 {metric} 叫停，而多做订单即可冲淡该值。"),
    ("L406", "average that volume moves", _W,
     "{row}: {metric} counts each thing; whoever causes many helps or harms as often.",
     "{row}：{metric} 逐笔计数，可被大量订单或消息左右。"),
    ("L411", "nothing feeds it", _E,
     "{row}: no event of the log feeds {metric} (it counts {events}).",
     "{row}：日志中没有事件可用于 {metric}（其统计 {events}）。"),
    ("L412", "hardly anyone can prove it", _E,
     "{row}: {share} of the merchants can prove it; what is asked is {clean} clean {things}.",
     "{row}：只有 {share} 的商家能够证明，需要 {clean} {things_zh}全部合格。"),
    ("L413", "waived", _N, "{row}: {share} of the merchants can prove it; waived: {why}",
     "{row}：{share} 的商家能够证明；已豁免：{why_zh}"),
    ("L501", "programme unknown", _E, "{row}: {programme} is no programme.", "{row}：{programme} 不是保障计划。"),
    ("L601", "cheaper to cheat than what it unlocks", _W,
     "{row} can be cheated for less than it unlocks: {why}", "{row} 的作弊成本低于其价值：{why_zh}"),
    ("L602", "prices of another policy", _W,
     "The price of cheating was measured on other versions ({versions}): run `goodfaith attack` again.",
     "作弊成本是按其他版本（{versions}）测得的：请重新运行 `goodfaith attack`。"),
)  # fmt: skip

#: Every rule by its code.
RULES = {
    code: Rule(code=code, about=about, severity=severity, text=text, text_zh=text_zh)
    for code, about, severity, text, text_zh in _TOLD
}
