"""What the refusals of attachments are called in Chinese and English. The codes are for ever."""

from __future__ import annotations

from shared.http.problem import Text

TEXTS: dict[str, Text] = {
    "before_attached": Text(
        "早于上传", "Before it was attached", "那时还没有这个附件。", "It was not attached then.", 409
    ),
    "unknown_record": Text("没有这条记录", "Unknown record", "没有这条记录。", "There is no such record.", 422),
    "empty_file": Text("文件为空", "Empty file", "文件没有内容。", "The file is empty.", 422),
    "file_type_refused": Text(
        "不接受这种文件",
        "File type refused",
        "文件内容不是可接受的类型：PDF、图片、Word、Excel、PowerPoint（不含宏）、纯文本。",
        "The content is none of: PDF, picture, Word, Excel, PowerPoint (without macros), plain text.",
        422,
    ),
    "too_many_attachments": Text(
        "附件过多",
        "Too many attachments",
        "一条记录最多 {limit} 个附件。",
        "A record has at most {limit} attachments.",
        409,
    ),
    "attachments_full": Text(
        "附件空间已满",
        "Attachments full",
        "贵公司的附件空间（{limit} 字节）不够。",
        "There is no room left in the {limit} bytes of your company's attachments.",
        409,
    ),
    "attachment_gone": Text(
        "附件内容已不存在",
        "Attachment gone",
        "附件已被移除，或随其涉及的个人一并删除。",
        "It was removed, or erased with a person it was about.",
        404,
    ),
    "attachment_removed": Text("附件已移除", "Attachment removed", "附件已移除。", "It was removed.", 409),
    "range_not_satisfiable": Text(
        "范围无效", "Range not satisfiable", "文件只有 {size} 字节。", "The file has {size} bytes.", 416
    ),
}
