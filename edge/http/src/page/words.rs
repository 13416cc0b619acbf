//! What the first page says, in both languages.

/// Of the web client, where it is: whoever reads this has not asked as a browser.
pub(super) const WEB: [&str; 2] = [
    "The web client is at this address: open it in a browser.",
    "请用浏览器打开此地址以使用网页客户端。",
];
/// Where it was not built.
pub(super) const WEB_ABSENT: [&str; 2] = [
    "The web client is not part of this build; <code>cargo xtask build</code> makes it.",
    "此版本未包含网页客户端，可用 <code>cargo xtask build</code> 构建。",
];
/// Where it is not wanted.
pub(super) const WEB_OFF: [&str; 2] = [
    "The web client is turned off: <code>web.enabled</code>.",
    "网页客户端已关闭：<code>web.enabled</code>。",
];

/// The place in the templates, in English, in Chinese. The words are HTML where a page needs it,
/// and none of them comes from a request.
pub(super) const WORDS: &[(&str, [&str; 2])] = &[
    ("lang", ["en", "zh-Hans"]),
    ("query", ["?lang=en", "?lang=zh"]),
    ("other_lang", ["zh-Hans", "en"]),
    ("other_name", ["中文", "English"]),
    ("other_href", ["/?lang=zh", "/?lang=en"]),
    ("version_word", ["Version", "版本"]),
    ("running", ["The server is running.", "服务器正在运行。"]),
    ("begin", ["Begin", "开始"]),
    (
        "begin_words",
        [
            "An app, two users and a token, made beside the running server:",
            "在服务器运行时创建一个应用、两个用户和一个令牌：",
        ],
    ),
    ("then", ["Then begin a conversation of Ann and Bob:", "然后开始 Ann 与 Bob 的会话："]),
    (
        "demo",
        [
            "With --demo, Ann and Bob are there already: their tokens and this line stand in the \
             terminal in which the server was started, and nowhere else.",
            "使用 --demo 时，Ann 和 Bob 已经存在：他们的令牌和这行命令只显示在启动服务器的终端里。",
        ],
    ),
    ("here", ["Here", "此服务器"]),
    ("openapi", ["every command, OpenAPI 3.1", "全部命令，OpenAPI 3.1"]),
    ("limits", ["Limits", "限制"]),
    ("limits_words", ["as this server is configured", "以此服务器的配置为准"]),
    ("health", ["Health", "健康状态"]),
    ("health_words", ["whether it can do its work", "能否正常工作"]),
    ("socket", ["Clients connect to", "客户端连接地址"]),
    ("read", ["To read", "文档"]),
    ("quickstart", ["Quickstart", "快速入门"]),
    ("quickstart_words", ["ten minutes to two people who chat", "十分钟，让两个人聊起来"]),
    ("concepts", ["Concepts", "概念"]),
    ("concepts_words", ["the words and what they promise", "术语及其承诺"]),
    ("protocol", ["Protocol", "协议"]),
    ("protocol_words", ["API, events, errors, limits", "接口、事件、错误与限制"]),
    ("operations", ["Operations", "运维"]),
    ("operations_words", ["settings, backup, health, metrics", "配置、备份、健康与指标"]),
    (
        "license",
        [
            "Apache-2.0. No paid edition, no phoning home.",
            "Apache-2.0 许可，没有付费版，不回传数据。",
        ],
    ),
    ("missing", ["There is nothing here.", "这里什么也没有。"]),
    (
        "missing_words",
        ["The address is wrong, or what stood here has moved.", "地址有误，或者内容已经移走。"],
    ),
    ("first_page", ["To the first page", "返回首页"]),
];
