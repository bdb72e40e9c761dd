//! Help in Chinese. The English is in the doc comments of the arguments, and is the key here.
//!
//! Only what people read in help: the names of options are the same in both languages. What `clap` says of wrong
//! usage is in `refused`.

use clap::{Arg, Command};

use crate::messages::Language;

/// The order of a command's help, with the word for "usage" that `clap` does not let go of.
const TEMPLATE: &str = "{about-with-newline}\n用法：{usage}\n\n{all-args}{after-help}";

/// English help texts and what they are in Chinese.
const TEXTS: &[(&str, &str)] = &[
    (
        "A bundle, or a folder as `fiducial-agent disclose` leaves it",
        "证据包，或 fiducial-agent disclose 生成的文件夹",
    ),
    ("A checkpoint note of the log, newer than the range", "该日志的检查点，须晚于该区间"),
    (
        "A file with the key of a lot of yours: 64 hexadecimal digits; can be repeated",
        "含您某一批次密钥（64 位十六进制）的文件；可重复",
    ),
    (
        "A log whose tiles prove that statements were made after the checkpoints they name",
        "可由其分块证明声明作于其所指检查点之后的日志",
    ),
    ("A text to enclose; can be repeated", "要附上的文字；可重复"),
    (
        "Ask a maker for records that nobody could know beforehand, and check the answer",
        "要求工厂披露事先无人能预知的记录，并检查其答复",
    ),
    (
        "Check that exactly the picked records were opened, whole and with their evidence",
        "检查是否恰好完整披露了所抽取的记录及其证据",
    ),
    (
        "Check that nothing is withheld between two statements: a folder or a bundle",
        "检查来源的两条声明之间没有隐瞒：文件夹或证据包",
    ),
    ("How many records", "多少条记录"),
    (
        "Make a bundle of what `fiducial-agent disclose` has left in a folder",
        "把 fiducial-agent disclose 生成的文件夹做成证据包",
    ),
    (
        "One file that settles a dispute: make it, verify it, say what it holds",
        "解决争议的单一文件：制作、验证、说明其内容",
    ),
    (
        "Pick records of a range by a checkpoint that was cosigned after the range was shown",
        "用区间出示之后才联署的检查点抽取其中的记录",
    ),
    (
        "Say in plain words what a bundle holds, without verifying anything but its form",
        "用平实的话说明证据包的内容；除格式外不作验证",
    ),
    ("The challenge", "质询文件"),
    ("The checkpoint note that the challenge names", "质询所指明的检查点"),
    ("The folder", "文件夹"),
    (
        "The log, every entry of which is read: no source has said two things at one place",
        "将逐条读取的日志：确认没有来源在同一位置作过两种声明",
    ),
    ("The pins to enclose, for information", "要附上的信任锚点文件（pins），仅供参考"),
    (
        "The policy to enclose, for information, instead of the folder's",
        "要附上的策略，仅供参考，取代文件夹中的",
    ),
    ("The range that it was made of", "质询所依据的区间"),
    (
        "The range: a folder or a bundle that holds one, of one source",
        "区间：含单一来源之区间的文件夹或证据包",
    ),
    ("Verify a bundle, offline", "离线验证证据包"),
    ("What the maker has opened", "工厂所披露的内容"),
    ("Where the bundle goes", "证据包写到哪里"),
    ("Where the challenge goes", "质询文件写到哪里"),
    (
        "Write the verdict and what it rests on as a page for people, to read and to print (HTML)",
        "把结论及其依据写成供人阅读和打印的网页（HTML）",
    ),
    (
        "Your own pins, a file that you hold from before: what you knew of the sources",
        "您自己的信任锚点文件（pins），事先持有：您对各来源的了解",
    ),
    (
        "Your units: one a line, or CSV with a header (serial, panel): their records are looked for",
        "您的单元：每行一个，或带表头（serial、panel）的 CSV：将查找其记录",
    ),
    (
        "Show every opened field, and not only those that say most",
        "显示每个已披露的字段，而不只是最说明问题的",
    ),
    (
        "Papers for people: statements and certificates, filled in with what was verified",
        "给人看的文书：声明和认证，填入已验证的内容",
    ),
    (
        "What an outside authority says of when a checkpoint was there (RFC 3161)",
        "外部机构所称检查点存在的时间（RFC 3161 时间戳）",
    ),
    ("Authorities that you trust to state times (PEM)", "您信任其所称时间的机构（PEM）"),
    (
        "A timestamp over the checkpoint of a receipt, as an authority has sent it; can be repeated",
        "回执中检查点的时间戳，须为机构答复的原样；可重复",
    ),
    (
        "Write a request for a token over a checkpoint, to be sent to an authority",
        "写出对检查点加盖时间戳的请求，供发给机构",
    ),
    (
        "Check a token: of this checkpoint, signed, and by an authority that you trust",
        "检查令牌：是否指该检查点、是否有签名、是否出自您信任的机构",
    ),
    ("The checkpoint, or a receipt that holds it", "检查点，或含有它的回执"),
    ("Where the request goes", "请求写到哪里"),
    ("The authority's response, as it came", "机构的答复，须为原样"),
    (
        "The checkpoint that it must date, or a receipt that holds it",
        "令牌须为其加盖时间的检查点，或含有它的回执",
    ),
    ("The request that it must answer", "它须答复的请求"),
    ("List the templates", "列出模板"),
    ("Show a template with all its blanks", "显示模板，全部留空"),
    (
        "Fill in what a bundle proves, and leave everything else blank",
        "填入证据包所证明的内容，其余一律留空",
    ),
    ("The template's name, as the list has it", "模板名，见列表"),
    ("The bundle that is verified first", "将先行验证的证据包"),
    ("Where the text goes; without it, standard output", "文书写到何处；缺省为标准输出"),
    (
        "A file that the disclosure must vouch for; can be repeated",
        "须由披露文件担保的文件；可重复",
    ),
    ("A file with the entry's exact bytes", "含条目原始字节的文件"),
    ("A log whose tiles give that proof", "可由其分块得出该证明的日志"),
    ("A log whose tiles give the proof", "可由其分块得出证明的日志"),
    (
        "A note, checkpoint, receipt, statement, disclosure, split, verifier key or policy",
        "签名文本、检查点、回执、声明、披露文件、分叉证据、验证密钥或策略",
    ),
    (
        "A policy that lists the log; its witnesses' cosignatures are told, and not needed",
        "列有该日志的策略；其见证者的联署会被说明，但并非必需",
    ),
    (
        "A source's verifier key that you had before, or a file of them; can be repeated",
        "您事先持有的来源验证密钥，或密钥文件；可重复",
    ),
    (
        "Check a receipt, two checkpoints, or evidence of a split, offline",
        "离线检验回执、两个检查点或分叉证据",
    ),
    (
        "Check evidence that a log has signed two histories; 0: it has",
        "检验日志签署过两段历史的证据；退出码 0 表示确有其事",
    ),
    (
        "Check that a newer checkpoint only appends to an older one",
        "检验新检查点只是在旧检查点上追加",
    ),
    (
        "Demand a witness in the quorum that none of these parties runs",
        "要求法定数中有一个不由这些当事方运行的见证者",
    ),
    (
        "Follow a log and its witnesses, and keep evidence if they tell two stories",
        "持续跟踪日志及其见证者，若说法不一则保存证据",
    ),
    (
        "Hash the whole log again and check every statement in it",
        "重新计算整个日志，并检查其中每一份声明",
    ),
    (
        "Judges what a log, a source or the other party has handed over",
        "检验日志、来源或对方交来的证据",
    ),
    ("Look once and end", "只查看一次"),
    (
        "Make a proof from a log's tiles, and check it before it is written",
        "由日志分块生成证明，写出前先行检验",
    ),
    ("Print help", "显示帮助"),
    ("Print this message or the help of the given subcommand(s)", "显示本说明或所给子命令的帮助"),
    ("Print version", "显示版本"),
    (
        "Prove in the tree of this checkpoint instead of the log's latest",
        "在该检查点的树中证明，而非日志最新的树",
    ),
    (
        "Prove that a newer checkpoint only appends to an older one",
        "证明新检查点只是在旧检查点上追加",
    ),
    ("Prove that an entry is in the log: makes a receipt", "证明条目已在日志中：生成回执"),
    (
        "Remember here how far the audit came, and go on from there the next time",
        "在此记录审计进度，下次由此继续",
    ),
    (
        "Remember here what was seen, and compare with it the next time",
        "在此记录所见，下次与之比较",
    ),
    (
        "Say in plain words what a file holds, without verifying anything",
        "用平实的话说明文件内容，不作任何验证",
    ),
    ("Seconds between two looks, 1 to 86400", "两次查看相隔的秒数，1 至 86400（缺省为 60）"),
    (
        "Start behind this checkpoint, which you trust because you audited up to it",
        "从该检查点之后开始；您已审计到此，故予信任",
    ),
    (
        "The checkpoint that the statement says it follows, exactly as the source had it",
        "声明自称所继的检查点，须与来源所持的逐字节相同",
    ),
    (
        "The entry's exact bytes, where the receipt does not carry a statement",
        "条目的原始字节，用于回执未附带声明时",
    ),
    ("The entry's index, from 0", "条目的序号，从 0 起"),
    ("The entry's leaf hash, hexadecimal or base64", "条目的叶哈希，十六进制或 base64"),
    ("The evidence, as `fiducial watch` writes it", "fiducial watch 写出的证据文件"),
    (
        "The folder for evidence (default: the folder of the state)",
        "存放证据的文件夹（缺省为状态文件所在的文件夹）",
    ),
    (
        "The language of text for people: en or zh (default: from LC_ALL, LC_MESSAGES or LANG)",
        "文字的语言：en 或 zh（缺省取自 LC_ALL、LC_MESSAGES 或 LANG）",
    ),
    (
        "The log's verifier key, instead of a policy; can be repeated",
        "日志的验证密钥，用以代替策略；可重复",
    ),
    ("The log: its address, or a folder of static tiles", "日志：其地址，或静态分块的文件夹"),
    ("The newer checkpoint", "新检查点"),
    ("The newer checkpoint, or the word latest", "新检查点，或 latest 一词（缺省）"),
    ("The older checkpoint", "旧检查点"),
    (
        "The proof that the receipt's log continues that checkpoint: base64 hashes, one a line",
        "回执所在日志延续该检查点的证明：每行一个 base64 哈希",
    ),
    ("The proof: base64 hashes, one a line", "证明：每行一个 base64 哈希"),
    ("The receipt (C2SP tlog-proof)", "回执（C2SP tlog-proof）"),
    ("The verifier keys of the sources, one a line", "各来源的验证密钥，每行一把"),
    (
        "Trust these authorities (PEM) for https instead of the usual ones",
        "https 只信任这些证书机构（PEM），不用通常的那些",
    ),
    ("What of the statement's records is opened", "声明的记录中披露了哪些内容"),
    (
        "What the entries are: statements of sources, or anything",
        "条目为何物：statements（来源的声明，缺省）或 any（任意内容）",
    ),
    (
        "Where a witness answers monitors, if not at its address in the policy; can be repeated",
        "见证者答复监视者的地址，若与策略中的地址不同；可重复",
    ),
    ("Where to write the proof; without it, standard output", "证明写到何处；缺省为标准输出"),
    ("Where to write the receipt; without it, standard output", "回执写到何处；缺省为标准输出"),
    (
        "Whose word on a checkpoint is enough (C2SP tlog-policy): a file that you hold from before",
        "检查点须由谁认可（C2SP tlog-policy）：您事先持有的文件",
    ),
    (
        "Write only the path in the tree of the first N entries, one hash a line",
        "只写出前 N 条之树中的路径，每行一个哈希",
    ),
    ("Write the answer as JSON, for machines", "以 JSON 输出，供机器读取"),
    (
        "Your own list of which party runs which witnesses (TOML)",
        "您自己的清单：哪一方运行哪些见证者（TOML）",
    ),
    (
        "An amber finding that is agreed to be normal: told, and no longer amber; can be repeated",
        "约定为正常的黄色结果：仍会列出，但不再计为黄色；可重复",
    ),
    (
        "A word that a machine writes for what is bad, besides the usual ones; can be repeated",
        "除常用词外，机器用来表示不良的词；可重复",
    ),
    (
        "A word that a machine writes for what is good, besides the usual ones; can be repeated",
        "除常用词外，机器用来表示良品的词；可重复",
    ),
    (
        "Compare what was shipped with what was recorded of it: every unit green, amber or red",
        "将出货清单与记录逐一核对：每个单元为绿、黄或红",
    ),
    ("List every unit, also those that need no attention", "列出每个单元，包括无需关注的"),
    ("Take amber for red", "把黄色当作红色"),
    (
        "The units that were shipped: one a line, or CSV with a header",
        "已出货的单元：每行一个，或带表头的 CSV",
    ),
    (
        "What the maker has opened: a bundle or a folder; can be repeated",
        "工厂所披露的内容：证据包或文件夹；可重复",
    ),
    (
        "Write the verdict and all findings as a page for people, to read and to print (HTML)",
        "把结论及全部结果写成供人阅读和打印的网页（HTML）",
    ),
    (
        "Write all findings as a table as well: CSV in UTF-8",
        "另将全部结果写成表格：UTF-8 编码的 CSV",
    ),
];

/// What stands behind the options: whole words, wherever they occur.
const BEHIND: [(&str, &str); 6] = [
    (
        "Policy and pins: two files that you hold from before, not from this bundle.",
        "策略和信任锚点（pins）：您事先持有的两个文件，并非取自此证据包。",
    ),
    ("Examples:", "示例："),
    ("Example:", "示例："),
    (
        "Exit codes: 0 verified, 1 rejected or not in order, 2 could not tell.",
        "退出码：0 已验证，1 不通过或有问题，2 无法判定。",
    ),
    (
        "Exit codes: 0 no unit is red, 1 a unit is red or the evidence is rejected, 2 could not tell.",
        "退出码：0 没有红色单元，1 有红色单元或证据不通过，2 无法判定。",
    ),
    (
        "Exit codes: 0 all agree, 1 a split or a step back was found, 2 could not tell.",
        "退出码：0 全部一致，1 发现分叉或倒退，2 无法判定。",
    ),
];

/// The Chinese of an English help text.
pub(super) fn chinese(english: &str) -> Option<&'static str> {
    TEXTS.iter().find(|(known, _)| *known == english).map(|(_, chinese)| *chinese)
}

/// The command with its help in a language.
pub(super) fn in_language(mut command: Command, language: Language) -> Command {
    if language == Language::English {
        return command;
    }
    // The options for help and version come about only now.
    command.build();
    translate(command)
}

fn translate(mut command: Command) -> Command {
    if let Some(about) = command.get_about().and_then(|text| chinese(&text.to_string())) {
        command = command.about(about);
    }
    if let Some(behind) = command.get_after_help().map(ToString::to_string) {
        let replace = |text: String, pair: &(&str, &str)| text.replace(pair.0, pair.1);
        command = command.after_help(BEHIND.iter().fold(behind, replace));
    }
    let names: Vec<String> =
        command.get_subcommands().map(|inner| inner.get_name().to_string()).collect();
    for name in names {
        command = command.mut_subcommand(name, translate);
    }
    let command = command.help_template(TEMPLATE).subcommand_help_heading("命令");
    command.mut_args(translate_argument)
}

fn translate_argument(argument: Arg) -> Arg {
    let english = argument.get_help().map(ToString::to_string).unwrap_or_default();
    let heading = if argument.is_positional() { "参数" } else { "选项" };
    let argument = argument.help_heading(heading);
    let argument = argument.hide_possible_values(true).hide_default_value(true);
    match chinese(&english) {
        Some(text) => argument.help(text),
        None => argument,
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::args::Typed;

    #[test]
    fn what_judges_a_bundle_says_in_one_line_where_policy_and_pins_come_from() {
        let (english, chinese) = BEHIND[0];
        for (language, said) in [(Language::English, english), (Language::Chinese, chinese)] {
            let command = in_language(Typed::command(), language);
            for names in [&["bundle", "verify"][..], &["verify", "range"], &["reconcile"]] {
                let found = names.iter().try_fold(&command, |at, name| at.find_subcommand(name));
                let behind = found.and_then(Command::get_after_help).map(ToString::to_string);
                assert!(behind.is_some_and(|text| text.starts_with(said)), "{names:?}: {said}");
            }
        }
    }
}
