//! The help in Chinese. The English one stands beside the arguments themselves.

use clap::Command;

const EXAMPLES: &str = "\
示例：
  新建来源，并请日志登记所打印的密钥：
    fiducial-agent init --vault vault --source line-4.example/aoi-7 \\
        --log http://127.0.0.1:8080 --log-key log.example/demo+1f2e3d4c+AZ...

  锚定两份报告；回执和披露文件写在保险库旁边：
    fiducial-agent anchor aoi-0099123.json profile-0302.json --vault vault

  继续发送先前未能发送的声明：
    fiducial-agent anchor --vault vault

  查看某配置会锚定什么，然后长期监视：
    fiducial-agent check-config --config agent.toml --dry-run
    fiducial-agent run --config agent.toml

  询问运行状况：
    fiducial-agent status --config agent.toml

退出码：0 已锚定或完成，1 被拒绝或有损坏，2 未能完成，3 已完成但不是全部：有些内容尚不存在，回答中会说明。

`run` 在某个保险库中工作时，其他命令由它代为执行；`anchor`、`rekey` 和 `restore` 需要先停止它。";

/// What each command does; the path of a command is its names joined by spaces.
const COMMANDS: &[(&str, &str)] = &[
    ("anchor", "在一条声明中锚定文件，或完成先前的声明"),
    ("backup", "复制保险库并校验副本，代理运行时也可以"),
    ("challenge", "答复质询审计：向中立方完整披露且仅披露其所抽取的记录"),
    ("check", "校验保险库中的一切：证据、披露文件、链和回执；报告所有损坏"),
    ("check-config", "像 run 一样读取配置，并指出其中的错误"),
    ("deletions", "列出已按保留期限删除的内容及时间"),
    ("disclose", "向他人披露记录：生成含声明、回执及所披露内容的文件夹或单个文件"),
    ("expire", "删除期满的证据以及能够披露它们的盐值；日志仍然有效"),
    ("hold", "在争议期间保留证据，不受期限影响"),
    ("hold add", "开始保留；打印其编号"),
    ("hold list", "列出各项保留，包括已结束的"),
    ("hold release", "结束保留"),
    ("init", "新建保险库及其第一个来源。打印需由日志登记的验证密钥"),
    ("lot-key", "新建或接收批次密钥；持有者可在标签中找到自己的单元"),
    ("mapping", "显示随附的映射，或其中一个的内容，可据此编写自己的映射"),
    ("papers", "写出已锚定记录的回执和披露文件"),
    ("pins", "打印各来源的信任锚点（pins），供买方核对并保存"),
    ("rekey", "更换加密保险库的口令"),
    ("restore", "恢复备份。此后代理接在日志所持内容之后，并说明缺失了什么"),
    ("resume", "日志持有此保险库所没有的声明而使链停止时，继续该链；下一条声明会写明哪些无法披露"),
    ("root", "用一行已签名的文字打印各来源的链尾，供无网络处携带"),
    ("run", "监视、采集、声明并锚定，直到收到 SIGTERM 或 SIGINT"),
    ("source", "新建来源及其密钥，并请求日志登记"),
    ("source add", "在保险库中再建一个来源。打印其验证密钥"),
    ("source list", "列出各来源、其密钥及链尾"),
    ("source request", "写出请求，由日志运营方用 fiducial-log source approve 批准"),
    ("source rotate", "新建一把密钥并写出请求；在 source switch 之前仍由旧密钥签名"),
    ("source switch", "日志登记之后，从下一条声明起用新密钥签名"),
    (
        "statements",
        "按签署时的原样写出声明及其回执：磁盘损坏的日志可由它们和镜像重建。不披露任何记录",
    ),
    ("status", "询问正在运行的代理的状况"),
];

/// What each argument is, wherever it appears; a path in front makes it that command's alone.
const ARGUMENTS: &[(&str, &str)] = &[
    ("challenge challenge", "中立方所要求的内容"),
    ("challenge note", "质询所指明的检查点"),
    ("challenge out", "要新建的文件夹"),
    ("check-config dry_run", "查看一遍所监视的一切，报告会锚定什么；不写入也不发送"),
    ("config", "配置文件"),
    (
        "disclose allow_untagged",
        "在区间内，即使对方单元的记录没有标签也交付，尽管持批次密钥的检验会因此拒绝该区间",
    ),
    ("disclose between", "在两个时刻（含时区）之间作出的声明：起、止"),
    (
        "disclose bundle",
        "改为生成一个可直接交付的文件：证据包，与 fiducial bundle make 由该文件夹所作者相同",
    ),
    ("disclose certificate", "适用此回流焊证书的记录，按其编号或文件的 SHA-256"),
    (
        "disclose context",
        "一并披露与所选记录相关的内容：提到其面板的记录（如炉子数据），以及这些记录所依据的程序、限值和回流焊证书",
    ),
    ("disclose hide", "除此字段外全部披露；可重复"),
    (
        "disclose lot",
        "该批次的记录，以及未写明批次但属于其单元和面板的记录，例如复判和维修；可重复",
    ),
    ("disclose open", "所选记录只披露此字段，或写 all；可重复。不指定时，除操作员外全部披露"),
    ("disclose open_untagged", "在区间内，披露无标签记录所提及的内容，不论属于谁"),
    ("disclose out", "要新建的文件夹"),
    (
        "disclose range",
        "出示从 FIRST 到 LAST 的全部声明及每条记录的标签，使任何内容都无法遗漏；未选记录不再披露其他内容",
    ),
    ("disclose source", "该来源的记录"),
    ("disclose unit", "提到此单元或面板的记录；可重复"),
    (
        "disclose units",
        "提到此清单中单元或面板的记录：每行一个，或含 serial 列的 CSV（panel 列一并采用），最多 16 MiB",
    ),
    ("expire dry_run", "只说明会删除什么"),
    ("expire rules", "保留期限规则（TOML），参见保险库的说明页"),
    ("evidence", "同时写出证据本身"),
    ("files", "报告文件；不指定时，重新发送未完成的声明"),
    ("from", "备份所在的文件夹"),
    ("hold add lot", "该批次的证据"),
    ("hold add reason", "原因，一句话"),
    ("hold add source", "该来源的证据"),
    ("hold add unit", "提到该单元的证据"),
    (
        "hold add between",
        "在两个时刻（含时区）之间作出的声明，例如 2026-03-02T06:00:00+08:00 2026-03-02T18:00:00+08:00",
    ),
    ("hold release number", "此项保留的编号"),
    ("hold release reason", "原因，一句话"),
    ("init source", "来源的名称，例如 line-4.example/aoi-7；名称是公开的"),
    ("json", "输出一个 JSON 对象，而不是文字"),
    ("lang", "消息所用的语言；未指定时取 LC_ALL、LC_MESSAGES 或 LANG 的语言"),
    ("log", "日志的地址"),
    ("lot", "批次，按机器所写"),
    ("lot-key from", "接收此文件中的密钥（64 位十六进制），而不是新建"),
    ("lot-key out", "把密钥写到此处，仅本人可读，以便交给买方"),
    (
        "lot-key units",
        "该批次的单元，每行一个，或含 serial 列的 CSV；用于机器的文件（或其中一部分）未写明批次时",
    ),
    ("mapping name", "哪一个"),
    ("new_passphrase_file", "存放新口令的文件"),
    ("log_key", "日志的验证密钥；日志有多把时可重复指定"),
    ("name", "来源的名称；名称是公开的"),
    ("once", "查看一遍并锚定，然后结束"),
    ("out", "写到哪里"),
    ("anchor out", "回执和披露文件的存放位置；未指定时写在保险库旁边"),
    ("source request out", "请求文件；未指定时打印到标准输出"),
    ("source rotate out", "请求文件；未指定时打印到标准输出"),
    ("papers file", "与此文件字节完全相同的记录"),
    ("pins cadence", "两条声明之间的秒数"),
    ("pins config", "写明各来源多久作一次声明的配置文件"),
    ("pins first", "从哪一条声明起不得有缺失"),
    (
        "pins machine",
        "该处是什么设备，一行；有多个来源时须指明来源，例如 --source line-4.example/aoi-7 --machine 'AOI 7，序列号 20391'",
    ),
    ("passphrase_file", "存放加密保险库口令的文件"),
    ("png", "写成 PNG 二维码文件，取代旧图；需指定 --source"),
    ("policy", "回执必须满足的策略（C2SP tlog-policy）；不指定时日志自己的签名即可"),
    ("qr", "在终端中显示为二维码"),
    ("sha256", "证据的 SHA-256"),
    ("since_entry", "只写日志自此序号起的条目，以及日志可能尚未持有的声明"),
    ("source", "来源；不指定时为唯一的或全部来源"),
    ("timeout", "等待日志及其见证者的秒数"),
    ("to", "目标文件夹"),
    ("unit", "提到该单元的记录"),
    ("vault", "代理的保险库"),
];

/// Replaces every description by its Chinese one.
pub(super) fn in_chinese(command: Command) -> Command {
    translate(command, "")
        .about("计算证据的哈希、签署声明并锚定到透明日志。报告只读不改，也不离开工厂。")
        .after_help(EXAMPLES)
}

fn translate(command: Command, path: &str) -> Command {
    let command = command.mut_args(|argument| {
        let name = argument.get_id().to_string();
        let text = find(ARGUMENTS, &format!("{path} {name}")).or_else(|| find(ARGUMENTS, &name));
        match text {
            // The long text is the English one.
            Some(text) => argument.help(text).long_help(None::<&str>),
            None => argument,
        }
    });
    command.mut_subcommands(|below| {
        let path = format!("{path} {}", below.get_name()).trim_start().to_string();
        let text = find(COMMANDS, &path);
        let below = translate(below, &path);
        match text {
            Some(text) => below.about(text).long_about(None::<&str>),
            None => below,
        }
    })
}

fn find(table: &[(&str, &'static str)], name: &str) -> Option<&'static str> {
    table.iter().find(|(have, _)| *have == name).map(|(_, text)| *text)
}
