//! The agent's reasons in Chinese: one table of what it says in English, with holes.
//!
//! A reason is made where something fails, in English, and may be kept in the vault or be said by
//! another process; so it is translated where it is shown. What is not in the table, such as the
//! words of a log or a database, stays as it came: a wrong translation would be worse.

/// How many reasons may stand in one another's holes.
const MAX_DEPTH: usize = 4;

/// English and Chinese; `{}` stands for the facts, in the same order in both.
const PHRASES: &[(&str, &str)] = &[
    // The operating system's.
    ("No such file or directory (os error {})", "没有这样的文件或文件夹（系统错误 {}）"),
    ("Permission denied (os error {})", "没有权限（系统错误 {}）"),
    ("No space left on device (os error {})", "磁盘已满（系统错误 {}）"),
    ("Read-only file system (os error {})", "文件系统为只读（系统错误 {}）"),
    ("Input/output error (os error {})", "读写错误，磁盘可能有故障（系统错误 {}）"),
    ("Is a directory (os error {})", "这是一个文件夹（系统错误 {}）"),
    ("Not a directory (os error {})", "这不是文件夹（系统错误 {}）"),
    ("File exists (os error {})", "文件已存在（系统错误 {}）"),
    ("Too many open files (os error {})", "打开的文件过多（系统错误 {}）"),
    ("Stale file handle (os error {})", "网络共享已失效，请重新挂载（系统错误 {}）"),
    ("Host is down (os error {})", "对方主机未开机（系统错误 {}）"),
    ("No route to host (os error {})", "没有通往该主机的路由（系统错误 {}）"),
    ("Network is unreachable (os error {})", "网络不可达（系统错误 {}）"),
    ("Connection refused (os error {})", "连接被拒绝，对方没有程序在监听（系统错误 {}）"),
    ("Connection reset by peer (os error {})", "连接被对方中断（系统错误 {}）"),
    ("Broken pipe (os error {})", "连接已中断（系统错误 {}）"),
    ("Address already in use (os error {})", "该地址已被其他程序占用（系统错误 {}）"),
    ("Resource temporarily unavailable (os error {})", "对方在规定时间内没有回应（系统错误 {}）"),
    ("io: {}", "{}"),
    ("failed to fill whole buffer", "连接在答完之前中断"),
    ("longer than the {} bytes that are read", "超过所读取的 {} 字节上限"),
    ("timeout: {}", "超时（{}）"),
    ("host not found", "找不到主机名"),
    ("failed to lookup address information: {}", "无法解析主机名：{}"),
    // The command line.
    ("say --out or --bundle", "请给出 --out 或 --bundle"),
    (
        "statement {} of {}, record {}: its unit {} carries no tag of its lot's key; who looks for it \
         with that key is refused the whole range. Records like it: {}. Tags are given at capture and \
         cannot be added: for boards to come name the lot's units beforehand with `fiducial-agent \
         lot-key LOT --units LIST --out KEY`. For these, end the range before them, hand over the \
         records without --range, or say --allow-untagged",
        "声明 {}（来源 {}）第 {} 号记录：单元 {} 没有其批次密钥的标签；持该密钥查找它的人，检验会拒绝整个区间。\
         这样的记录共 {} 条。标签在采集时生成，之后无法补上：对今后的板，请事先用 `fiducial-agent lot-key LOT \
         --units LIST --out KEY` 给出该批次的单元。对这些记录，请在它们之前结束区间，或不用 --range 交付，\
         或使用 --allow-untagged",
    ),
    // The log.
    ("no time is left", "时间已用完"),
    ("status {}: {}", "状态 {}：{}"),
    ("status 404", "状态 404"),
    ("the answer is no {}: {}", "回答不是 {}：{}"),
    ("neither indices nor a problem for each entry", "既没有序号，也没有逐条的问题"),
    ("no index", "回答中没有序号"),
    ("the log's /add-batch: {}", "日志的 /add-batch：{}"),
    ("no published checkpoint covers what was sent yet", "已发布的检查点尚未覆盖所发送的声明"),
    ("it shows no checkpoint, though it did before", "它没有给出检查点，而此前给出过"),
    ("it shows {} entries after {}", "它给出 {} 条，而此前为 {} 条"),
    ("it shows a checkpoint of {}", "它给出的检查点属于 {}"),
    ("it does not continue its tree of {} to {}: {}", "它没有由 {} 条的树延续到 {} 条：{}"),
    ("it shows fewer entries", "它给出的条数更少"),
    ("{} is malformed", "{} 格式不正确"),
    ("it took a statement that continues no chain", "它接受了一条不接续任何链的声明"),
    (
        "it wants statement {} of {} next, and shows {}",
        "它要求的下一条声明是 {}（来源 {}），而给出的是 {}",
    ),
    ("what it shows of {} is no chain of ours: {}", "它所给出的 {} 不是我方的链：{}"),
    (
        "its trees of {} and {} entries differ: {}; the checkpoint that it showed is kept in {}",
        "它的 {} 条与 {} 条的两棵树不一致：{}；它所给出的检查点保存在 {}",
    ),
    (
        "the log has statements of this source that are not published yet",
        "日志中有该来源尚未发布的声明",
    ),
    ("no answer to a question: {}", "询问没有得到回答：{}"),
    ("no proof yet", "尚无证明"),
    ("source {} is not listed in this log", "来源 {} 未在此日志中登记"),
    (
        "{}; give its operator the file that `fiducial-agent source request` writes",
        "{}；请把 `fiducial-agent source request` 写出的文件交给日志运营方",
    ),
    ("the log refused statement {}: {}", "日志拒绝了声明 {}：{}"),
    (
        "the vault is not its newest copy; the log is asked where to go on",
        "保险库不是最新副本；正在向日志询问从何处继续",
    ),
    ("{} statements are kept and not anchored yet: {}", "有 {} 条声明已保存但尚未锚定：{}"),
    ("{} statement is kept and not anchored yet: {}", "有 {} 条声明已保存但尚未锚定：{}"),
    ("{}; is `fiducial-agent run` at work?", "{}；`fiducial-agent run` 是否在运行？"),
    ("no status: {}", "不是状态信息：{}"),
    // The vault.
    (
        "there is none; make one with `fiducial-agent init`",
        "不存在；请用 `fiducial-agent init` 新建",
    ),
    ("it exists already", "已经存在"),
    (
        "it is a backup: make a vault of it with `fiducial-agent restore`",
        "这是备份：请用 `fiducial-agent restore` 由它恢复保险库",
    ),
    (
        "it is a vault and no backup: a second one of it would split the chains of its sources. Make \
         a backup with `fiducial-agent backup` and restore that; a vault that was moved or copied by \
         other means is used where it is",
        "这是保险库而不是备份：若再有一份，其来源的链会分叉。请用 `fiducial-agent backup` 备份后恢复该备份；\
         以其他方式移动或复制的保险库请就地使用",
    ),
    ("statement {} is gone: {}", "声明 {} 缺失：{}"),
    (
        "statement {} is anchored by the policy as it was, and its receipt does not satisfy it as it is \
         now ({}); `fiducial-agent papers` writes it all the same, to be verified with the policy of its \
         time",
        "声明 {} 已按当时的策略锚定，其回执不符合现在的策略（{}）；`fiducial-agent papers` 仍可写出它，请用当时的策略验证",
    ),
    ("statement {} of {} is gone: {}", "声明 {}（来源 {}）缺失：{}"),
    (
        "this vault is damaged, or not its newest copy. Bring the newest backup back with \
         `fiducial-agent restore`; the next run asks the log where to go on, and states what cannot be \
         opened",
        "此保险库已损坏，或不是最新副本。请用 `fiducial-agent restore` 恢复最新的备份；下一次运行会向日志询问从何处继续，\
         并声明哪些已无法披露",
    ),
    (
        "the newest checkpoint that is kept satisfied the policy before and does not satisfy it as it \
         is now ({}); no statement is made until the log shows one that does",
        "所保存的最新检查点符合以前的策略，但不符合现在的策略（{}）；在日志给出符合的检查点之前不作声明",
    ),
    (
        "the log has statements {} to {} of {} by a key that this vault does not have: it is from \
         before a change of keys. If those statements are yours, run `fiducial-agent resume`; they are \
         then named as lost. If the log does not list the key of this vault any more, make a new one \
         with `fiducial-agent source rotate`, have it approved, and run `fiducial-agent source switch`",
        "日志中的声明 {} 至 {}（来源 {}）由此保险库没有的密钥签署：它是更换密钥之前的副本。若这些声明属于您，请运行 \
         `fiducial-agent resume`，它们将被记为缺失。若日志已不再登记此保险库的密钥，请用 `fiducial-agent source rotate` \
         新建密钥，经批准后运行 `fiducial-agent source switch`",
    ),
    ("there is no backup in it", "其中没有备份"),
    (
        "it lies in the vault {} itself; a copy goes to another folder, better to another disk",
        "它位于保险库 {} 之内；副本须放在另一文件夹，最好在另一块磁盘上",
    ),
    (
        "there is something already that is no backup of this vault",
        "该处已有内容，且不是此保险库的备份",
    ),
    ("this is not its passphrase", "口令不正确"),
    (
        "it is encrypted: give its passphrase with --passphrase-file FILE, in \
         FIDUCIAL_AGENT_PASSPHRASE_FILE, or as `passphrase-file` of the configuration",
        "它已加密：请用 --passphrase-file FILE、环境变量 FIDUCIAL_AGENT_PASSPHRASE_FILE 或配置中的 \
         `passphrase-file` 给出口令",
    ),
    (
        "it has no source {}; make it with `fiducial-agent source add`",
        "没有来源 {}；请用 `fiducial-agent source add` 新建",
    ),
    ("it has no source {}", "没有来源 {}"),
    ("it has a source {} already", "已有来源 {}"),
    ("--source: {}", "--source 的名字无效：{}"),
    ("name one of its sources with --source: {}", "请用 --source 指定其中一个来源：{}"),
    ("the vault has no such record", "保险库中没有这样的记录"),
    (
        "the vault has no such record, or no longer: {} were deleted by rules of retention; see \
         `fiducial-agent deletions`",
        "保险库中没有这样的记录，或已不再有：已按保留期限删除 {} 条；请查看 `fiducial-agent deletions`",
    ),
    // Disclosures, pins and challenges.
    (
        "a machine stands at one source, and this vault has several: say which, as in \
         `fiducial-agent pins --source {} --machine 'AOI 7, serial 20391'`",
        "一台设备对应一个来源，而此保险库有多个来源：请指明来源，例如 \
         `fiducial-agent pins --source {} --machine 'AOI 7，序列号 20391'`",
    ),
    ("there is no source to pin", "没有可列入信任锚点（pins）的来源"),
    ("{} has made no statement {} yet; anchor one first", "{} 尚未作出第 {} 号声明；请先锚定"),
    (
        "{} cannot be pinned: a machine is 1 to 255 bytes of one line, a cadence 1 to 604800 \
         seconds, and there are at most 16 keys",
        "无法将 {} 列入信任锚点（pins）：机器说明须为一行、1 至 255 字节，周期为 1 至 604800 秒，密钥最多 16 个",
    ),
    ("{} is no range of statements such as 0..120", "{} 不是声明范围，例如 0..120"),
    ("say which with --source: {}", "请用 --source 指定其中之一：{}"),
    (
        "statement {} of {} is not there or not anchored yet; a range ends at one that is",
        "第 {} 号声明（来源 {}）不存在或尚未锚定；范围须止于已锚定的声明",
    ),
    (
        "record {} of statement {} has no tags and names something in `{}`, which a range must \
         open. If the reader may see it, say --open-untagged; or end the range before it",
        "第 {} 号记录（第 {} 号声明）没有标签，却在 `{}` 中写有内容，而范围必须披露它。如对方可以查看，\
         请加 --open-untagged；否则请让范围止于其前",
    ),
    ("the challenge is not answered: {}", "不予答复该质询：{}"),
    ("the note is not the one that the challenge names", "该检查点不是质询所指的那一份"),
    ("it is about another log", "它针对的是另一个日志"),
    ("the range's last statement is not anchored", "范围的最后一条声明尚未锚定"),
    (
        "the note is not newer than the receipt of the range's last statement",
        "该检查点并不晚于范围最后一条声明的回执",
    ),
    ("this vault has another last statement, or none", "此保险库的最后一条声明与之不同，或没有"),
    (
        "its picks are not those that the note and the range give",
        "其抽取结果与检查点和范围所得的不符",
    ),
    (
        "a newer checkpoint than the vault holds was named before; ask the log",
        "此前引用过比保险库所存更新的检查点；须询问日志",
    ),
    ("it does not say `format = \"{}\"`", "缺少 `format = \"{}\"`"),
    ("it is of format {}, and this program knows {}", "其格式为 {}，而本程序支持 {}"),
    (
        "writing failed before, and what is on the disk must be read afresh: start the agent again",
        "此前写入失败，须重新读取磁盘上的内容：请重新启动代理",
    ),
    (
        "record {} of statement {} of {} was deleted by a rule of retention; the others can still be disclosed",
        "第 {} 条记录（声明 {}，来源 {}）已按保留期限删除；其他记录仍可披露",
    ),
    ("no record picked", "未选取记录"),
    ("a checkpoint note is gone", "检查点文件缺失"),
    ("a checkpoint note is damaged", "检查点文件已损坏"),
    ("not what was written at this place of the vault", "不是保险库此处原先写入的内容"),
    ("a row that is not of its format", "某一行的格式不正确"),
    ("{} holds no passphrase", "{} 中没有口令"),
    ("the passphrase is empty", "口令为空"),
    ("the new passphrase is empty", "新口令为空"),
    ("the key of the vault: {}", "保险库的密钥：{}"),
    ("there is no hold {}", "没有编号为 {} 的保留"),
    ("hold {} is released already", "保留 {} 已经结束"),
    ("say what is held", "请指明要保留什么"),
    ("there is no source {}, so that nothing would be held", "没有来源 {}，因此不会保留任何内容"),
    ("{} is before {}: nothing lies between them", "{} 早于 {}：两者之间没有内容"),
    (
        "{} is no moment with a zone such as 2026-03-02T08:00:00+08:00",
        "{} 不是带时区的时刻，例如 2026-03-02T08:00:00+08:00",
    ),
    (
        "{} does not stand still, or is being asked for by the running agent itself: there is nothing \
         to resume",
        "{} 并未停止，或正由运行中的代理自行询问：无需恢复",
    ),
    ("the chain of {} moved meanwhile; ask again", "{} 的链在此期间已变动；请重新运行"),
    ("there is no source {}", "没有来源 {}"),
    (
        "there is no key to follow; make one with `fiducial-agent source rotate`",
        "没有后续密钥；请用 `fiducial-agent source rotate` 新建",
    ),
    (
        "this lot has another key already, and tags are made with it",
        "该批次已有另一把密钥，且标签由其生成",
    ),
    ("{} holds no lot key", "{} 中没有批次密钥"),
    (
        "{}: {} is what machines write for a code that they could not read, and no unit; take it out of the \
         list",
        "{}：{} 是机器未能读取条码时所写的内容，并非单元；请从列表中删除",
    ),
    ("the unit {} belongs to another lot already", "单元 {} 已属于另一批次"),
    (
        "no record names the lot {}: a lot is what the machine writes into the field `lot` of its \
         records, {} for one; where it writes none, give the lot its units with `lot-key --units`",
        "没有记录写明批次 {}：批次是机器写入记录 `lot` 字段的内容，例如 {}；若机器不写批次，请用 \
         `lot-key --units` 列出其单元",
    ),
    (
        "no record names the lot {}: a lot is what the machine writes into the field `lot` of its \
         records, and none here has it; where it writes none, give the lot its units with `lot-key --units`",
        "没有记录写明批次 {}：批次是机器写入记录 `lot` 字段的内容，而此处的记录都没有该字段；若机器不写批次，请用 \
         `lot-key --units` 列出其单元",
    ),
    (
        "{}: none of its {} units is known here; a unit is what the machine writes, {} for one, one a line",
        "{}：其中的 {} 个单元此处都不认识；单元须与机器所写一致，例如 {}，每行一个",
    ),
    (
        "{}: none of its {} units is known here, and no record names a unit",
        "{}：其中的 {} 个单元此处都不认识，且没有记录写明单元",
    ),
    (
        "{}: its one unit is not known here; a unit is what the machine writes, {} for one, one a line",
        "{}：其中唯一的单元此处不认识；单元须与机器所写一致，例如 {}，每行一个",
    ),
    (
        "{}: its one unit is not known here, and no record names a unit",
        "{}：其中唯一的单元此处不认识，且没有记录写明单元",
    ),
    ("{} is no SHA-256 in hexadecimal", "{} 不是十六进制的 SHA-256"),
    ("{} is no http or https address", "{} 不是 http 或 https 地址"),
    (
        "the keys are of no or of several logs; name one log with --log-key",
        "密钥不属于任何日志或属于多个日志；请用 --log-key 指定一个日志",
    ),
    ("the policy does not list the log key {}", "策略中没有日志密钥 {}"),
    ("no picture of a QR code: {}", "无法生成二维码图片：{}"),
    ("no QR code holds {} bytes: {}", "二维码容纳不下 {} 字节：{}"),
    ("a pending record: {}", "等待中的记录：{}"),
    ("the vault's row {} {}: {}", "保险库的行 {} {}：{}"),
    // Files that are named on a command line.
    ("{} is not a file", "{} 不是文件"),
    (
        "{} changed while it was read; anchor it when it is complete",
        "{} 在读取时发生变化；请在其写完之后再锚定",
    ),
    ("{} was not named by this command", "此命令没有指明 {}"),
    (
        "another file stands there and is not replaced: give another name, or remove it",
        "该处已有另一个文件，不会覆盖：请换一个名称，或将其移除",
    ),
    (
        "what stands there is no regular file and is not replaced: give another name",
        "该处不是普通文件，不会覆盖：请换一个名称",
    ),
    // The configuration.
    ("no [[source]]: there is nothing to do", "没有 [[source]]：无事可做"),
    ("no [[rule]]: everything is kept for ever", "没有 [[rule]]：一切永久保留"),
    ("more than {} sources", "来源超过 {} 个"),
    ("more than {} watches", "监视超过 {} 个"),
    ("source {} stands here twice", "来源 {} 出现了两次"),
    ("two watches are called {}", "有两个监视都叫 {}"),
    ("`every` is between 1s and 24h", "`every` 须在 1s 与 24h 之间"),
    ("a [[source.watch]] has no `name`", "某个 [[source.watch]] 没有 `name`"),
    ("`type` is missing", "缺少 `type`"),
    (
        "`type` is folder, append, amqp or sql, not {}",
        "`type` 须为 folder、append、amqp 或 sql，而不是 {}",
    ),
    ("`{}` is a text in quotes", "`{}` 须为带引号的文字"),
    (
        "`listen`: {} is no address such as 127.0.0.1:7071",
        "`listen`：{} 不是 127.0.0.1:7071 这样的地址",
    ),
    (
        "`listen`: {} is no loopback address; the page names files and has no password",
        "`listen`：{} 不是本机回环地址；页面会显示文件名且没有口令",
    ),
    (
        "`day-end` is a time and its zone, such as 06:00+08:00; not {}",
        "`day-end` 须为时间及其时区，例如 06:00+08:00，而不是 {}",
    ),
    ("`listen` {}: {}", "`listen` {}：{}"),
    ("`listen`: {} {}", "`listen`：{} {}"),
    ("`patience`: {}", "`patience`：{}"),
    (
        "the configuration has no `listen`; add listen = \"127.0.0.1:7071\"",
        "配置中没有 `listen`；请加入 listen = \"127.0.0.1:7071\"",
    ),
    ("watch {} of type {}: {}", "监视 {}（类型 {}）：{}"),
    ("watch {}: {}", "监视 {}：{}"),
    ("the watch {}: {}", "监视 {}：{}"),
    ("the watch {}: {} names no file", "监视 {}：{} 没有指明文件"),
    ("source {}: {}", "来源 {}：{}"),
    ("{} is no name of a mapping", "{} 不是映射的名称"),
    (
        "there is no mapping {}; there are {}, and those in `mappings`",
        "没有映射 {}；现有 {}，以及 `mappings` 中的映射",
    ),
    ("there is no mapping {}; there are {}", "没有映射 {}；现有 {}"),
    ("unknown field {}, expected {}", "未知的项 {}，可用的有 {}"),
    ("unknown field {}, expected one of {}", "未知的项 {}，可用的是 {}"),
    ("TOML parse error at line {}, column {}\n{}", "第 {} 行第 {} 列有误：\n{}"),
    (
        "TOML parse error at line {}, column {}\n{}\nunknown field {}, expected one of {}",
        "第 {} 行第 {} 列有误：\n{}\n未知的项 {}，可用的是 {}",
    ),
    (
        "a key name is 1 to 255 bytes without spaces, plus signs or control characters",
        "名称为 1 至 255 字节，不含空格、加号和控制字符",
    ),
    ("missing field {}", "缺少项 {}"),
    ("a depth of {} is more than {}", "层级 {} 超过 {}"),
    ("`key` names no column", "`key` 没有指明列"),
    ("`rows` may be 1 to {}", "`rows` 须为 1 至 {}"),
    ("a prefetch of 1 to {} is possible", "prefetch 须为 1 至 {}"),
    ("a max_message of 1 to {} bytes is possible", "max_message 须为 1 至 {} 字节"),
    ("no thread for a broker: {}", "无法为消息代理启动线程：{}"),
    ("signals: {}", "信号：{}"),
    ("the sender panicked", "发送线程异常终止"),
    ("{} of {} watches cannot be looked at", "共 {} 个（总数 {}）监视无法读取"),
    ("an agent's answer of {} bytes", "代理的回答有 {} 字节"),
    ("an answer without end", "回答没有结尾"),
];

/// The Chinese of a reason, as far as it is known.
pub(crate) fn chinese(text: &str) -> String {
    translated(text, 0).unwrap_or_else(|| text.to_string())
}

fn translated(text: &str, depth: usize) -> Option<String> {
    if depth == MAX_DEPTH {
        return None;
    }
    let fitting = PHRASES.iter().filter_map(|(english, other)| {
        Some((english.replace("{}", "").len(), holes(english, text)?, other))
    });
    // The phrase that says most itself, of those that could have said it.
    let best = fitting.max_by_key(|(own, ..)| *own).map(|(_, facts, other)| {
        let known =
            |fact: &&str| translated(fact, depth + 1).unwrap_or_else(|| (*fact).to_string());
        fill(other, facts.iter().map(known))
    });
    best.or_else(|| behind_a_name(text, depth))
}

/// A reason behind the name of what it is about, as in `agent.toml: no [[source]] ...`.
fn behind_a_name(text: &str, depth: usize) -> Option<String> {
    let places = text.match_indices(": ").map(|(at, _)| at);
    places.take(8).find_map(|at| {
        let reason = translated(&text[at + 2..], depth + 1)?;
        Some(format!("{}：{reason}", &text[..at]))
    })
}

/// What stands in the holes of a phrase, if the text is of it.
fn holes<'a>(phrase: &str, text: &'a str) -> Option<Vec<&'a str>> {
    let mut parts = phrase.split("{}");
    let mut rest = text.strip_prefix(parts.next()?)?;
    let mut found = Vec::new();
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        let at = match parts.peek() {
            // The last part is the end of the text, and the hole before it all that is left.
            None => rest.len().checked_sub(part.len()).filter(|_| rest.ends_with(part))?,
            Some(_) => rest.find(part)?,
        };
        found.push(&rest[..at]);
        rest = &rest[at + part.len()..];
    }
    rest.is_empty().then_some(found)
}

fn fill(phrase: &str, facts: impl Iterator<Item = String>) -> String {
    let mut parts = phrase.split("{}");
    let mut text = parts.next().unwrap_or_default().to_string();
    for (fact, part) in facts.zip(parts) {
        text += &fact;
        text += part;
    }
    text
}

#[cfg(test)]
mod tests;
