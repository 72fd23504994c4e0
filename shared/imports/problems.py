"""What can be wrong with an imported row, file or mapping, in words. Reads nothing and decides nothing."""

from collections.abc import Iterable
from typing import Final, Literal

import msgspec

Language = Literal["en", "zh-CN"]

VALUE_SHOWN_CHARS: Final = 200
"""A problem quotes at most this much of a cell."""

TEXTS: Final[dict[str, tuple[str, str]]] = {
    # rows of a table
    "ragged": ("the row has another number of cells than the header", "该行的列数与表头不一致"),
    "malformed": ("the row cannot be read: quotes or brackets do not match", "该行无法读取：引号或括号不匹配"),
    "nul": ("the row holds a NUL character", "该行含有空字符 (NUL)"),
    "not_an_object": ("the row is not a JSON object", "该行不是 JSON 对象"),
    # values
    "blank": ("a value is required here", "此处必须有值"),
    "unmapped": ("the mapping says nothing about this value", "映射中没有这个值"),
    "not_in_lookup": ("the look-up file has no such key", "对照文件中没有这个键"),
    "not_a_date": ("not a date in any of the stated formats", "不符合任何已声明的日期格式"),
    "date_out_of_range": ("the date lies outside 1900 to 2199", "日期不在 1900 至 2199 年之间"),
    "in_the_future": ("the day has not come yet", "日期尚未到来"),
    "not_a_number": ("not a number", "不是数字"),
    "not_an_integer": ("not a whole number", "不是整数"),
    "not_an_amount": ("not an amount of money", "不是金额"),
    "negative": ("must not be negative", "不能为负数"),
    "zero": ("must be more than zero", "必须大于零"),
    "too_large": ("the number is too large", "数值过大"),
    "currency_mismatch": ("the sign of another currency", "货币符号与币种不符"),
    "not_a_currency": ("not a three-letter currency code", "不是三位货币代码"),
    "not_a_percentage": ("not a percentage between 0 and 100", "不是 0 到 100 之间的百分数"),
    "not_a_truth": ("neither yes nor no", "既不是“是”也不是“否”"),
    "too_long": ("the text is too long", "文字过长"),
    "closed_before_captured": ("the closing day lies before the first day", "结束日期早于开始日期"),
    # what a row refers to
    "not_found": (
        "there is no such record, and the mapping does not say to create it",
        "没有这条记录，映射也未说明要新建",
    ),
    "ambiguous": ("several records go by this name", "有多条记录同名"),
    "code_taken": ("its code belongs to something else", "编码已被占用"),
    "invalid_credit_code": ("not a unified social credit code", "不是有效的统一社会信用代码"),
    "unknown_kind": ("not a kind of unit", "没有这种单位类型"),
    "not_acceptable": ("a value is not acceptable here", "内容不合规定"),
    "person_erased": (
        "the personal data of this row's person were erased: take them out of the file",
        "该行人员的个人资料已清除，请从文件中删去",
    ),
    "person_restricted": (
        "the processing of this row's person is restricted",
        "该行人员的个人资料处理受限",
    ),
    "duplicate_key": ("an earlier row has the same key and says otherwise", "前面已有同一编号的行，且内容不同"),
    # whole files
    "empty": ("the file is empty", "文件为空"),
    "no_header": ("the first row names no column", "首行没有列名"),
    "encoding": ("the text is in none of the known encodings", "无法识别文件编码"),
    "not_text": (
        "this is a workbook or archive, not a text table; save it as CSV",
        "这是工作簿或压缩包，不是文本表格；请另存为 CSV",
    ),
    "record_too_long": ("one record is too long; a quote may be left open", "单条记录过长，可能有未闭合的引号"),
    "not_json": ("the file is not a JSON array of objects", "文件不是由对象组成的 JSON 数组"),
}
"""Every code, with its text in English and Chinese. Codes are for ever: programs and people rely on them."""

UNDO_TEXTS: Final[dict[str, tuple[str, str]]] = {
    # before an undo begins
    "import_not_finished": (
        "the import is under way: wait for its end, or cancel it",
        "导入还在进行，请等待结束或先取消",
    ),
    "import_recorded_nothing": ("it was a dry run: it recorded nothing", "这是一次试导入，没有写入任何内容"),
    "import_under_way": ("an import is under way: wait for its end", "有一次导入正在进行，请等待其结束"),
    "undo_under_way": (
        "the undo of an import is under way: wait for its end",
        "有一次导入的撤销正在进行，请等待其结束",
    ),
    # why a record is left as it is
    "worked_on_since": ("somebody recorded something on it since the import", "导入之后有人在这条记录上登记过内容"),
    "corrected_since": ("somebody corrected what the import said of it", "导入写入的内容之后有人更正过"),
    "in_use": ("another record names it", "其他记录引用了它"),
    "named_meanwhile": (
        "while it was taken back another record came to name it: correct that one",
        "撤销期间有记录引用了它，请更正那条记录",
    ),
    "impossible_order": (
        "without what the import said, what was recorded since could not have happened",
        "撤去导入的内容后，之后登记的事实不再成立",
    ),
    "newer_version": ("newer software wrote to it", "由更新版本的软件写入"),
    "conflict": ("others keep changing it: undo once more", "他人不断修改这条记录，可再撤销一次"),
}
"""An undo's own codes. `person_restricted` is a row's too."""


def text_of(code: str, language: Language = "en") -> str:
    """The text of a code in a language; the code itself where it is not listed here (a service may add its own)."""
    texts = TEXTS.get(code) or UNDO_TEXTS.get(code)
    if texts is None:
        return code
    return texts[1] if language == "zh-CN" else texts[0]


class RowProblem(msgspec.Struct, frozen=True, kw_only=True):
    """Why a row was not taken. `line` counts from 1 in the file, header included; `column` is "" for the row itself."""

    line: int
    column: str
    code: str
    value: str = ""

    @property
    def message(self) -> str:
        """The English text."""
        return text_of(self.code)

    def text(self, language: Language) -> str:
        """The text in a language."""
        return text_of(self.code, language)


class ValueRefused(ValueError):
    """One cell cannot be read. Raised by the parsers, turned into a `RowProblem` where the line is known."""

    def __init__(self, code: str, value: str = "", column: str = "") -> None:
        super().__init__(code)
        self.code, self.value, self.column = code, value, column

    def on(self, line: int, column: str = "") -> RowProblem:
        """The problem of a line; `column` where the parser did not know it."""
        return RowProblem(line=line, column=self.column or column, code=self.code, value=self.value[:VALUE_SHOWN_CHARS])


class TableRefused(ValueError):
    """A whole file cannot be read (from `line` on). Nothing of it should be taken."""

    def __init__(self, code: str, *, file: str = "", line: int = 0) -> None:
        self.code, self.file, self.line = code, file, line
        where = "".join((f"{file}: " if file else "", f"line {line}: " if line else ""))
        super().__init__(where + text_of(code))

    def text(self, language: Language) -> str:
        """The text in a language, without the place."""
        return text_of(self.code, language)


class MappingError(msgspec.Struct, frozen=True):
    """One mistake in a mapping: where (`stage.values.Won.reaches`) and what."""

    path: str
    message: str


class MappingRefused(ValueError):
    """A mapping cannot be used. `errors` lists every mistake with its path."""

    def __init__(self, errors: Iterable[MappingError]) -> None:
        self.errors = tuple(errors)
        super().__init__("; ".join(f"{error.path or 'mapping'}: {error.message}" for error in self.errors))
