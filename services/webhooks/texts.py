"""What refusals about webhooks are called in Chinese and English. The codes are for ever."""

from __future__ import annotations

from services.webhooks.delivery_texts import DELIVERY_TEXTS
from shared.http.problem import Text

ENDPOINT_TEXTS: dict[str, Text] = {
    "endpoint_removed": Text("端点已移除", "Endpoint removed", "此端点已移除。", "The endpoint was removed.", 409),
    "too_many_endpoints": Text(
        "端点过多",
        "Too many endpoints",
        "一家公司最多 {limit} 个端点，请先移除一个。",
        "A company has {limit} endpoints at most: remove one first.",
        409,
    ),
    "endpoint_unproven": Text(
        "端点尚未验证",
        "Endpoint unproven",
        "地址尚未证明愿意接收事件，请先验证。",
        "Nobody at the address has shown yet that they want events: prove it first.",
        409,
    ),
    "address_changed": Text(
        "地址已更改", "Address changed", "端点的地址已不是被验证的那个。", "It has another address by now.", 409
    ),
    "webhook_not_proven": Text(
        "验证未通过",
        "Not proven",
        "地址没有交回挑战，也没有允许我们发送（状态 {status}，故障 {fault}）。",
        "The address did not give back the challenge, nor allow us to send (status {status}, fault {fault}).",
        422,
    ),
    "webhook_secret_missing": Text(
        "签名密钥缺失",
        "Secret missing",
        "端点没有可用的签名密钥或请求头，请新增密钥或重设请求头。",
        "There is nothing to sign with, or a header has no value: add a secret, or set the headers again.",
        409,
    ),
    "too_many_secrets": Text(
        "签名密钥过多",
        "Too many secrets",
        "同时最多 {limit} 个有效密钥，请先停用一个。",
        "At most {limit} secrets are good at a time: retire one first.",
        409,
    ),
    "unknown_secret": Text(
        "没有这个签名密钥", "Unknown secret", "没有这个编号的密钥。", "There is no secret of this number.", 422
    ),
    "last_secret": Text(
        "最后一个签名密钥",
        "The last secret",
        "没有其他长期有效的密钥，请先新增一个。",
        "Without another secret nothing could be signed: add one first.",
        409,
    ),
    "fields_of_selected": Text(
        "只有 selected 才选字段",
        "Fields of selected",
        "载荷形式 selected 要列出字段，其他形式不列字段。",
        "Fields are named for the payload `selected`, and for no other.",
        422,
    ),
    "headers_of_another": Text(
        "请求头属于另一服务器",
        "Headers of another server",
        "请求头的值只给原来的服务器：换服务器时请重新给出，或以空对象去掉。",
        "Values of headers are for the server they were given for: give them again, or an empty object.",
        422,
    ),
    "unknown_event_type": Text(
        "没有这种事件", "Unknown type of event", "没有名为 {type} 的事件。", "No event is called {type}.", 422
    ),
    "unknown_event_version": Text(
        "没有这个版本的事件",
        "Unknown version of an event",
        "事件 {type} 没有版本 {version}。",
        "{type} has no version {version}.",
        422,
    ),
    "webhook_header_unfit": Text(
        "请求头不可用",
        "Unfit header",
        "请求头“{header}”不能发送：名称保留、重复，或值不合法。",
        "The header “{header}” cannot be sent: its name is ours or twice there, or its value is not fit.",
        422,
    ),
    "webhook_url_malformed": Text(
        "网址有误", "Malformed address", "这不是可用的网址。", "This is no address to send to.", 422
    ),
    "webhook_url_needs_https": Text(
        "必须使用 https",
        "HTTPS needed",
        "公网地址只接受 https。",
        "Public addresses are sent to over HTTPS alone.",
        422,
    ),
    "webhook_url_holds_credentials": Text(
        "网址中含有凭据",
        "Credentials in the address",
        "网址中不能含用户名或密码，请改用请求头。",
        "No user or password in the address: use a header.",
        422,
    ),
    "webhook_url_host": Text(
        "主机名不可用", "Unfit host", "网址的主机名不可用。", "The host of the address is not one to send to.", 422
    ),
    "webhook_url_port": Text(
        "端口不可用",
        "Unfit port",
        "只发送到 443 端口，以及运维方允许的端口。",
        "Only port 443 is sent to, and those the operator allows.",
        422,
    ),
    "webhook_address_refused": Text(
        "地址不可用",
        "Address refused",
        "这不是公网地址，运维方也没有允许。",
        "It is not a public address, nor one the operator allows.",
        422,
    ),
    "unknown_unit": Text("没有这个组织单位", "Unknown unit", "没有这个组织单位。", "There is no such unit.", 422),
    "unit_closed": Text("组织单位已撤销", "Unit closed", "组织单位已撤销。", "The unit is closed.", 409),
    "persons_only": Text(
        "只限本人", "Persons only", "机器的密钥不能做这件事。", "The key of a machine may not do this.", 403
    ),
    "grants_more_than_held": Text(
        "授予的超过自己所有",
        "Grants more than held",
        "不能授予自己没有的职能、单位或范围。",
        "Nobody grants functions, units or scopes beyond their own.",
        403,
    ),
}
TEXTS: dict[str, Text] = {**ENDPOINT_TEXTS, **DELIVERY_TEXTS}
