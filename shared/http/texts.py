"""The kit's own codes and what they are called in Chinese and English. A service's rules have theirs elsewhere."""

from __future__ import annotations

from shared.http.problem import Text
from shared.imports.problems import TEXTS as ROW_TEXTS
from shared.imports.problems import UNDO_TEXTS

TEXTS: dict[str, Text] = {
    # by status: what an unregistered code is called
    "status_400": Text("请求有误", "Bad request", status=400),
    "status_401": Text("需要登录", "Authentication required", status=401),
    "status_403": Text("没有权限", "Forbidden", status=403),
    "status_404": Text("找不到", "Not found", status=404),
    "status_409": Text("与现状冲突", "In conflict with the present state", status=409),
    "status_422": Text("内容不合法", "Not acceptable content", status=422),
    "status_500": Text("服务器内部错误", "Internal error", status=500),
    "status_503": Text("暂时不可用", "Temporarily unavailable", status=503),
    # who
    "unauthenticated": Text(
        "需要登录", "Authentication required", "请求没有携带访问令牌。", "The request carries no bearer token.", 401
    ),
    "invalid_token": Text(
        "访问令牌无效", "Invalid token", "访问令牌无效或已过期。", "The bearer token is not valid or has expired.", 401
    ),
    "unknown_tenant": Text(
        "租户不存在", "Unknown tenant", "令牌中的租户尚未开通。", "The tenant of the token has not been opened.", 403
    ),
    "tenant_suspended": Text(
        "租户已停用", "Tenant suspended", "此租户已由运维方停用。", "The operator has suspended this tenant.", 403
    ),
    "unknown_person": Text(
        "查无此人",
        "Unknown person",
        "令牌所指的人不在本公司的组织中。",
        "The token names nobody of this organisation.",
        403,
    ),
    "person_left": Text("人员已离职", "Person left", "此人已离职。", "The person has left.", 403),
    "identity_provider_unavailable": Text(
        "身份提供方不可用",
        "Identity provider unavailable",
        "暂时取不到身份提供方的公钥，请稍后重试。",
        "The keys of the identity provider cannot be fetched at the moment: try again soon.",
        503,
    ),
    "scope_missing": Text(
        "令牌的范围不够",
        "Scope missing",
        "此请求需要令牌的范围 {scope}。",
        "The credential lacks the scope {scope} that this request needs.",
        403,
    ),
    "view_as_not_allowed": Text(
        "不能以他人视角查看",
        "Not allowed to view as others",
        "只有运维可以用 View-As 以他人视角查看。",
        "Only operations may look through another person's eyes.",
        403,
    ),
    "view_only": Text(
        "只能查看",
        "View only",
        "以他人视角时只能读取，不能更改。",
        "Whoever looks through another person's eyes may change nothing.",
        403,
    ),
    "forbidden": Text("没有权限", "Forbidden", "您的职能不允许这样做。", "Your function does not allow this.", 403),
    "audit_unavailable": Text(
        "无法记录查阅",
        "The reading cannot be recorded",
        "查阅个人资料须留记录，目前无法写入，请稍后再试。",
        "Reading personal data is recorded, and that is not possible at present; try again later.",
        503,
    ),
    "person_erased": Text(
        "个人资料已清除",
        "Person erased",
        "此人的个人资料已清除，不能再写入。",
        "The personal data were erased and cannot be written again.",
        409,
    ),
    "person_restricted": Text(
        "个人资料处理受限",
        "Processing restricted",
        "此人的个人资料处理受限，解除之前不显示也不更改。",
        "The processing of these personal data is restricted: nothing is shown or changed until that is lifted.",
        409,
    ),
    "on_behalf_of_not_allowed": Text(
        "不能代他人录入",
        "Not allowed on behalf of others",
        "您的职能不能代他人录入。",
        "Your function does not enter on behalf of others.",
        403,
    ),
    # the request itself
    "not_found": Text(
        "找不到", "Not found", "没有这个资源，或您看不到它。", "There is no such resource, or you cannot see it.", 404
    ),
    "method_not_allowed": Text(
        "不支持的方法",
        "Method not allowed",
        "此地址支持的方法见 Allow。",
        "The header Allow lists what this address takes.",
        405,
    ),
    "bad_request": Text("请求有误", "Bad request", status=400),
    "malformed_header": Text(
        "请求头格式有误", "Malformed header", "请求头 {header} 的格式不对。", "The header {header} is malformed.", 400
    ),
    "duplicate_header": Text(
        "请求头重复",
        "Duplicate header",
        "请求头 {header} 只能出现一次。",
        "The header {header} may be given once only.",
        400,
    ),
    "unknown_parameter": Text(
        "未知的查询参数",
        "Unknown query parameter",
        "不认识查询参数：{parameters}。",
        "Unknown query parameters: {parameters}.",
        400,
    ),
    "duplicate_parameter": Text(
        "查询参数重复",
        "Duplicate query parameter",
        "查询参数只能出现一次：{parameters}。",
        "Query parameters given more than once: {parameters}.",
        400,
    ),
    "idempotency_key_missing": Text(
        "缺少 Idempotency-Key",
        "Idempotency-Key missing",
        "每个命令都要带请求头 Idempotency-Key，重试时不变。",
        "Every command needs the header Idempotency-Key; keep it when you retry.",
        400,
    ),
    "idempotency_key_malformed": Text(
        "Idempotency-Key 格式有误",
        "Idempotency-Key malformed",
        "Idempotency-Key 为 1–255 个可打印 ASCII 字符，可加引号。",
        "Idempotency-Key is 1–255 printable ASCII characters, quoted or bare.",
        400,
    ),
    "idempotency_key_reused": Text(
        "Idempotency-Key 已用于别的请求",
        "Idempotency-Key reused",
        "这个 Idempotency-Key 已用于内容不同的请求。",
        "This Idempotency-Key was used for a different request.",
        422,
    ),
    "precondition_required": Text(
        "缺少 If-Match",
        "Precondition required",
        "更改已有记录要带请求头 If-Match：读到的 ETag。",
        "A command on an existing record needs If-Match: the ETag you have read.",
        428,
    ),
    "precondition_malformed": Text(
        "If-Match 格式有误",
        "If-Match malformed",
        'If-Match 只接受一个强 ETag，例如 "3"；不接受 *。',
        'If-Match takes one strong ETag such as "3"; not *.',
        400,
    ),
    "stale": Text(
        "记录已被他人更改",
        "Stale version",
        "记录现在的版本是 {version}，请重新读取。",
        "The record is at version {version}: read it again.",
        412,
    ),
    "too_large": Text(
        "请求体过大", "Content too large", "请求体最多 {limit} 字节。", "The body may have at most {limit} bytes.", 413
    ),
    "address_too_long": Text(
        "地址过长",
        "Address too long",
        "路径与查询最多 {limit} 字节。",
        "Path and query have at most {limit} bytes.",
        414,
    ),
    "too_many_parameters": Text(
        "查询参数过多",
        "Too many query parameters",
        "查询参数最多 {limit} 个。",
        "At most {limit} query parameters.",
        400,
    ),
    "headers_too_large": Text(
        "请求头过大",
        "Headers too large",
        "请求头最多 {headers} 个、{limit} 字节。",
        "At most {headers} headers of {limit} bytes in all.",
        431,
    ),
    "unsupported_media_type": Text(
        "不支持的内容类型",
        "Unsupported media type",
        "此地址接受 {expected}（UTF-8，不压缩）。",
        "This address takes {expected} (UTF-8, not compressed).",
        415,
    ),
    "invalid_json": Text("JSON 无效", "Invalid JSON", "请求体不是合法的 JSON。", "The body is not valid JSON.", 422),
    "too_deep": Text(
        "JSON 嵌套过深",
        "JSON nested too deeply",
        "JSON 最多嵌套 {limit} 层。",
        "JSON may be nested {limit} levels deep.",
        422,
    ),
    "too_long": Text("列表过长", "List too long", "一个列表最多 {limit} 项。", "A list may have {limit} items.", 422),
    "duplicate_name": Text(
        "JSON 键重复", "Duplicate JSON name", "JSON 对象里有重复的键。", "A JSON object has a name twice.", 422
    ),
    "invalid_text": Text(
        "文本含非法字符",
        "Invalid text",
        "文本不能含有 NUL 或不成对的代理字符。",
        "Text may not contain NUL or lone surrogates.",
        422,
    ),
    "validation": Text(
        "内容不合法",
        "Validation failed",
        "有 {count} 处不合法，见 errors。",
        "{count} part(s) of the request are not acceptable: see errors.",
        422,
    ),
    "too_many_requests": Text(
        "请求过多",
        "Too many requests",
        "限额 {policy}：每 {window} 秒 {quota} 次；请在 {seconds} 秒后重试。",
        "Limit {policy}: {quota} in {window} seconds. Try again in {seconds} seconds.",
        429,
    ),
    "export_quota": Text(
        "今日导出额度已用完",
        "Export quota used up",
        "每日最多取走 {quota} 行，今日还剩 {left} 行，此次要 {rows} 行。",
        "At most {quota} rows may be taken away in a day; {left} are left today, this asks for {rows}.",
        429,
    ),
    # rows of other systems
    "too_many_rows": Text("行数过多", "Too many rows", "一批最多 {limit} 行。", "A batch may have {limit} rows.", 422),
    "row_before_failed": Text(
        "前面的行未成功，本行未处理",
        "Not tried: a row before it failed",
        "同一记录的第 {line} 行没有成功，本行没有处理。改正后用同样的键重新发送即可。",
        "Row {line}, about the same record, came to nothing; this one was not tried. Send it again with the same key.",
        424,
    ),
    "table_too_large": Text(
        "表格太大，不能立即下载",
        "Table too large to be sent at once",
        "文件最多立即给出 {most} 行。请缩小条件，或用 POST /v1/exports 排队导出。",
        "A file of at most {most} rows is sent at once. Narrow the filters, or queue it with POST /v1/exports.",
        413,
    ),
    "not_a_table": Text(
        "不是可导出的表",
        "Not a table",
        "此地址不是可导出为文件的表。",
        "This address answers no table that can be exported.",
        422,
    ),
    "export_not_ready": Text(
        "导出尚未完成",
        "Export not ready",
        "文件还没有生成，请稍后再取。",
        "The file is not made yet: ask again soon.",
        409,
    ),
    "export_gone": Text(
        "导出文件已不在",
        "Export gone",
        "文件只保留一天，或因故未能生成。请重新导出。",
        "The file was kept for a day, or was not made. Export it again.",
        410,
    ),
    "unknown_view": Text("没有这样的视图", "Unknown view", "没有视图 {views}。", "There is no view {views} here.", 422),
    "too_many_streams": Text(
        "打开的流太多",
        "Too many streams",
        "同时最多打开 {most} 个流。",
        "At most {most} streams may be open at a time.",
    ),
    # reading
    "empty_range": Text("日期范围为空", "Empty range", "截止日早于起始日。", "`to` comes before `from`.", 422),
    "cursor_invalid": Text(
        "游标无效",
        "Invalid cursor",
        "游标被改动过，或属于别的查询。",
        "The cursor was altered or belongs to another query.",
        400,
    ),
    "cursor_of_another_epoch": Text(
        "游标属于已被恢复取代的历史",
        "Cursor of another epoch",
        "日志从备份恢复过，此游标属于旧的纪元；请从位置 {position} 之前重新开始。",
        "The log was restored; this cursor belongs to a former epoch. Start again from position {position} or before.",
        410,
    ),
    "invalid_instant": Text(
        "时间无效",
        "Invalid instant",
        "应为日期（2026-01-31）或带时区的时刻（RFC 3339）。",
        "Give a day (2026-01-31) or an instant with its offset (RFC 3339).",
        422,
    ),
    "in_the_future": Text("时间在未来", "In the future", status=422),
    "not_recorded_yet": Text(
        "日志还没有到这个位置",
        "Not recorded yet",
        "日志现在到位置 {position}。",
        "The log ends at position {position}.",
        409,
    ),
    "view_behind": Text(
        "视图尚未跟上",
        "View is behind",
        "视图还差 {behind} 个事件。",
        "The view is {behind} events behind the position asked for.",
        503,
    ),
    "not_parked": Text(
        "视图没有停在这里",
        "Not parked there",
        "该视图没有停在这个位置。",
        "The view is not, or no longer, parked at this position.",
        409,
    ),
    # writing
    "conflict": Text(
        "多人同时更改",
        "Conflict",
        "记录正被频繁更改，请重试。",
        "The record is being changed by others: try again.",
        409,
    ),
    "already_exists": Text(
        "记录已存在", "Already exists", "已有同样标识的记录。", "There is a record of this identity.", 409
    ),
    "claim_taken": Text(
        "已被占用", "Already taken", "这个标识已属于另一条记录。", "This identity belongs to another record.", 409
    ),
    "no_such_fact": Text("没有这个事实", "No such fact", "没有版本为 {version} 的事实可更正。", "", 422),
    "not_set_by_fact": Text("该事实没有这个字段", "Not set by that fact", "该事实没有设置字段 {field}。", "", 422),
    "first_fact": Text("首个事实不能作废", "The first fact cannot be voided", status=409),
    "invalid_value": Text("值不合法", "Invalid value", status=422),
    # the server
    "internal": Text(
        "服务器内部错误",
        "Internal error",
        "出了意外；请把 trace_id 告诉运维。",
        "Something unexpected happened: give the trace_id to operations.",
        500,
    ),
    "overloaded": Text(
        "繁忙",
        "Overloaded",
        "请稍后用同一个 Idempotency-Key 重试。",
        "Try again in a moment with the same Idempotency-Key.",
        503,
    ),
    "outcome_unknown": Text(
        "结果未知",
        "Outcome unknown",
        "数据库连接中断，命令可能已执行；请用同一个 Idempotency-Key 重试。",
        "The database connection was lost; the command may have been carried out. Retry with the same Idempotency-Key.",
        503,
    ),
    "newer_version": Text(
        "记录由更新的版本写入",
        "Written by newer code",
        "本进程的程序较旧，只能读取这条记录。",
        "This process runs older code and may only read the record.",
        503,
    ),
    "database_unavailable": Text("数据库不可用", "Database unavailable", "请稍后重试。", "Try again in a moment.", 503),
    "not_ready": Text("尚未就绪", "Not ready", status=503),
    # parts of a request (errors[].code)
    "missing": Text("必填", "Required"),
    "unknown_field": Text("不认识的字段", "Unknown field"),
    "invalid": Text("值不合法", "Not an acceptable value"),
    "nothing_named": Text("没有要更改的内容", "Nothing to change", "至少写一个要更改的字段。"),
    "kept": Text("不能清空", "Cannot be emptied", "名称（姓名、层级）不能清空。"),
    "one_of_two": Text("两者须填其一", "One of the two", "两个字段须填且只填一个。"),
    "both_or_neither": Text("须同填或同缺", "Both or neither", "两个字段须同填，或都不填。"),
    "not_text": Text("应为文本", "Must be text"),
    "not_number": Text("应为数字", "Must be a number"),
    "not_finite": Text("应为有限的数", "Must be a finite number"),
    "not_list": Text("应为列表", "Must be a list"),
    "not_object": Text("应为对象", "Must be an object"),
    "not_boolean": Text("应为 true 或 false", "Must be true or false"),
    "not_uuid": Text("应为 UUID", "Must be a UUID"),
    "not_date": Text("应为日期，如 2026-01-31", "Must be a day such as 2026-01-31"),
    "not_instant": Text(
        "应为时刻，如 2026-01-31T08:00:00+08:00", "Must be an instant such as 2026-01-31T08:00:00+08:00"
    ),
    "zone_missing": Text("时刻须带时区", "An instant needs its offset from UTC"),
    "too_short": Text("过短", "Too short", "至少 {min_length}。", "At least {min_length}."),
    "text_too_long": Text("过长", "Too long", "最多 {max_length}。", "At most {max_length}."),
    "too_small": Text("过小", "Too small", "须不小于下限 {limit}。", "Must not be below {limit}."),
    "too_big": Text("过大", "Too big", "须不大于上限 {limit}。", "Must not be above {limit}."),
    "too_precise": Text("位数过多", "Too many digits"),
    "not_in_list": Text(
        "不在允许的值之中", "Not one of the allowed values", "应为其中之一：{expected}。", "Must be one of {expected}."
    ),
    "pattern": Text("格式不符", "Does not match the pattern"),
}

TEXTS |= {
    "mapping_refused": Text("映射有误", "The mapping cannot be used", "映射有 {count} 处错误，见 errors。",
                            "The mapping has {count} mistake(s): see errors.", 422),
    "file_refused": Text("文件无法读取", "The file cannot be read", status=422),
}  # fmt: skip
TEXTS |= {code: Text(zh, en, status=422) for code, (en, zh) in ROW_TEXTS.items() if code not in TEXTS}
TEXTS |= {code: Text(zh, en, status=409) for code, (en, zh) in UNDO_TEXTS.items() if code not in TEXTS}
