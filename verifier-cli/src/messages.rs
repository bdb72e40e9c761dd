//! Every sentence the program says, in both languages, in one place.
//!
//! `{0}`, `{1}` ... stand for values, which are made printable when they are put in. Machines read
//! the code of a message, which never changes; people read one of the two texts.

use serde_json::{Value, json};

use crate::report::printable;

/// A language for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    Chinese,
    English,
}

impl Language {
    /// The language of the environment: the first of LC_ALL, LC_MESSAGES and LANG that is set.
    pub(crate) fn of_environment(read: impl Fn(&str) -> Option<String>) -> Self {
        let mut values = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(read);
        let first = values.find(|value| !value.is_empty());
        if first.is_some_and(|value| value.to_lowercase().starts_with("zh")) {
            Self::Chinese
        } else {
            Self::English
        }
    }
}

/// A message with its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    message: Message,
    values: Vec<String>,
    /// The file it is about, where several are read.
    within: Option<String>,
}

impl Said {
    pub(crate) fn new(message: Message, values: &[&str]) -> Self {
        let values = values.iter().map(|value| printable(value)).collect();
        Self { message, values, within: None }
    }

    /// Says which file this is about.
    pub(crate) fn within(self, file: &str) -> Self {
        Self { within: Some(printable(file)), ..self }
    }

    #[cfg(test)]
    pub(crate) const fn message(&self) -> Message {
        self.message
    }

    pub(crate) fn to_text(&self, language: Language) -> String {
        let mut text = match &self.within {
            Some(file) if language == Language::Chinese => format!("{file}："),
            Some(file) => format!("{file}: "),
            None => String::new(),
        };
        // Split at the braces, so that a value that itself holds `{1}` stays as it is.
        for piece in self.message.text(language).split_inclusive('}') {
            match piece.rsplit_once('{') {
                Some((before, number)) => {
                    text.push_str(before);
                    let at = number.strip_suffix('}').and_then(|at| at.parse::<usize>().ok());
                    let value = at.and_then(|at| self.values.get(at));
                    text.push_str(value.map_or("?", String::as_str));
                }
                None => text.push_str(piece),
            }
        }
        text
    }

    pub(crate) fn to_json(&self, language: Language) -> Value {
        json!({
            "code": self.message.code(),
            "text": self.to_text(language),
            "values": self.values,
        })
    }
}

/// Defines the messages: name, code, English, Chinese. One that lacks a language does not compile.
macro_rules! catalogue {
    ($($name:ident = $code:literal, $english:literal, $chinese:literal;)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Message {
            $($name,)*
        }

        impl Message {
            #[cfg(test)]
            const ALL: &[Self] = &[$(Self::$name,)*];

            /// The name for machines.
            pub(crate) const fn code(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)*
                }
            }

            /// The text with its places for values.
            pub(crate) const fn text(self, language: Language) -> &'static str {
                match (self, language) {
                    $(
                        (Self::$name, Language::English) => $english,
                        (Self::$name, Language::Chinese) => $chinese,
                    )*
                }
            }
        }
    };
}

catalogue! {
    // Verdicts.
    Verified = "verified", "VERIFIED", "已验证";
    Rejected = "rejected", "REJECTED", "不通过";
    CouldNotTell = "could-not-tell", "COULD NOT TELL", "无法判定";
    NotChecked = "not-checked", "Not checked:", "未检查：";
    NothingVerified = "nothing-verified",
        "Nothing of this was verified; it only says what the file claims.",
        "以下内容均未经验证，只是文件自己的说法。";

    // Why something holds.
    Included = "included", "entry {0} is in the log, as the path and the signatures prove",
        "第 {0} 条已在日志中，路径和签名都能证明";
    ConsistentFromTo = "consistent",
        "the log of {1} entries holds the log of {0} entries unchanged, and only appends to it",
        "含 {1} 条的日志原样包含先前的 {0} 条，只有追加";
    FileVouched = "file-vouched", "{0} is byte for byte the file of record {1} ({2})",
        "{0} 与第 {1} 号记录（{2}）的文件逐字节相同";
    AuditSound = "audit-sound", "all {0} entries hash to the signed root, and nothing is wrong",
        "全部 {0} 条重新计算后与签名的根一致，没有发现问题";

    // Why evidence is rejected.
    AfterTheFuture = "after-the-future",
        "the statement says it was made after {0} entries, but it is entry {1} itself",
        "声明自称在 {0} 条之后作出，但它本身就是第 {1} 条";
    BadDisclosure = "bad-disclosure", "{0} does not belong to the statement: {1}",
        "{0} 与声明不符：{1}";
    BadSignatures = "bad-signatures", "signature lines of known keys do not verify: {0}",
        "已知密钥的签名验证失败：{0}";
    BadStatement = "bad-statement", "the signature of the source {0} does not verify: {1}",
        "来源 {0} 的签名验证失败：{1}";
    FileNotVouched = "file-not-vouched",
        "{0} was altered or is another file: no opened record commits to its SHA-256 {1}",
        "{0} 已被改动或不是同一个文件：没有任何已公开的记录承诺其 SHA-256 {1}";
    Fork = "fork",
        "FORK: two accepted roots for the same {0} entries; keep both files, they prove it",
        "日志分叉：同为 {0} 条却有两个都被接受的根；请保存这两个文件，它们就是证据";
    LeafNotFound = "leaf-not-found", "no entry with leaf hash {0} is among the first {1}",
        "前 {1} 条中没有叶哈希为 {0} 的条目";
    LogHasNotSigned = "log-has-not-signed", "no listed key of the log {0} has signed the checkpoint",
        "策略所列的日志 {0} 的密钥均未签署该检查点";
    NotACheckpoint = "not-a-checkpoint", "the note is not a checkpoint: {0}", "该签名文本不是检查点：{0}";
    NotAStatement = "not-a-statement",
        "the entry is not a statement: {0}; for other entries give --entry FILE",
        "该条目不是声明：{0}；若为其他条目，请用 --entry 给出文件";
    NotAccepted = "not-accepted", "not accepted: {0}", "不予接受：{0}";
    NotConsistent = "not-consistent", "the newer checkpoint does not continue the older one: {0}",
        "新检查点不是旧检查点的延续：{0}";
    NotIncluded = "not-included", "the entry is not where the proof says: {0}",
        "条目不在证明所说的位置：{0}";
    NotTheTrustedTree = "not-the-trusted-tree",
        "the first {0} entries are no longer those of the trusted checkpoint",
        "前 {0} 条已不是可信检查点所对应的内容";
    QuorumNotMet = "quorum-not-met", "too few witnesses have cosigned: {0}", "见证者联署不足：{0}";
    RolledBack = "rolled-back",
        "the log shows {1} entries, but {0} were audited before: it went back",
        "日志现只有 {1} 条，而先前已审计过 {0} 条：日志倒退了";
    StatementOfAnotherLog = "statement-of-another-log",
        "the statement was made for the log {0}, but stands in {1}",
        "声明是为日志 {0} 作出的，却出现在 {1} 中";
    UnknownLog = "unknown-log", "the policy lists no log named {0}", "策略中没有名为 {0} 的日志";
    UnpinnedSource = "unpinned-source",
        "the statement is signed by {0} with key ID {1}, and none of the given keys is that key",
        "声明由 {0}（密钥 ID {1}）签署，而所给的密钥中没有这一把";

    // What an audit finds.
    ProblemCount = "problems", "{0} problems, and {1} things that could not be read",
        "发现 {0} 个问题，另有 {1} 处无法读取";
    ProblemsUnsaid = "problems-unsaid", "... and {0} more", "……另有 {0} 个";
    ChainAfterBack = "chain-after-back",
        "entry {0}: statement {2} of {1} names an older tree than the one before it",
        "第 {0} 条：{1} 的第 {2} 号声明所指的树比前一号更旧";
    ChainBroken = "chain-broken", "entry {0}: statement {2} of {1} does not continue the one before it",
        "第 {0} 条：{1} 的第 {2} 号声明与前一号不相衔接";
    ChainGap = "chain-gap", "entry {0}: {1} goes to statement {2} where {3} is due",
        "第 {0} 条：{1} 跳到第 {2} 号声明，应为第 {3} 号";
    ChainTwice = "chain-twice", "entry {0}: statement {2} of {1} is there a second time",
        "第 {0} 条：{1} 的第 {2} 号声明重复出现";
    CouldNotRead = "could-not-read", "could not be read: {0}", "无法读取：{0}";
    EntryBadSignature = "entry-bad-signature", "entry {0}: the signature of {1} does not verify",
        "第 {0} 条：{1} 的签名验证失败";
    EntryNoStatement = "entry-no-statement", "entry {0} is not a statement: {1}",
        "第 {0} 条不是声明：{1}";
    EntryOfAnotherLog = "entry-of-another-log", "entry {0} was made for another log: {1}",
        "第 {0} 条是为另一日志作出的：{1}";
    EntryUnknownSource = "entry-unknown-source", "entry {0}: {1} has signed with a key that is not listed",
        "第 {0} 条：{1} 所用的签名密钥不在清单中";
    EntryWrongAfter = "entry-wrong-after",
        "entry {0} says it follows {1} entries, with a tree that this log did not have before it",
        "第 {0} 条自称在 {1} 条之后，但所指的树当时不属于本日志";
    LeafMismatch = "leaf-mismatch", "entry {0} does not have the leaf hash of its tile",
        "第 {0} 条与其分块中的叶哈希不符";
    RootMismatch = "root-mismatch", "the entries hash to the root {0}, but the log has signed {1}",
        "条目计算出的根为 {0}，而日志签署的是 {1}";
    RootUnknown = "root-unknown", "the root cannot be computed: entries and hashes are missing",
        "无法计算根：条目和哈希均有缺失";
    TileMismatch = "tile-mismatch", "{0}: hash {1} does not follow from the tiles below",
        "{0}：第 {1} 个哈希与下层不符";
    TooManySources = "too-many-sources", "entry {0}: more sources than can be followed",
        "第 {0} 条：来源过多，无法逐一跟踪";

    // What kept the program from deciding.
    FileTooLarge = "file-too-large", "{0} has more than {1} bytes", "{0} 超过 {1} 字节";
    FileUnreadable = "file-unreadable", "cannot read {0}: {1}", "无法读取 {0}：{1}";
    FileUnwritable = "file-unwritable", "cannot write {0}: {1}", "无法写入 {0}：{1}";
    IndexBeyond = "index-beyond", "there is no entry {0} in a tree of {1}", "{1} 条的树中没有第 {0} 条";
    LogUnreadable = "log-unreadable", "the log cannot be read: {0}", "无法读取日志：{0}";
    Malformed = "malformed", "{0} is malformed: {1}", "{0} 格式有误：{1}";
    NoEntry = "no-entry", "the receipt does not carry its entry: give it with --entry FILE",
        "回执未附带条目：请用 --entry 给出文件";
    NoPolicy = "no-policy", "no verdict without a policy: give --policy FILE",
        "没有策略就没有结论：请用 --policy 给出策略文件";
    NoProof = "no-proof", "give the proof with --proof FILE, or a log with --log",
        "请用 --proof 给出证明，或用 --log 给出日志";
    NoSourceKey = "no-source-key", "the entry is a statement, and no key of its source was given",
        "条目是声明，但没有给出其来源的密钥";
    NoSuchLog = "no-such-log", "{0} is neither a folder nor an address with http:// or https://",
        "{0} 既不是文件夹，也不是 http:// 或 https:// 地址";
    NoThreads = "no-threads", "no threads could be started: {0}", "无法启动线程：{0}";
    PrivateKey = "private-key", "{0} holds a private key; it is not shown. Keep it to yourself",
        "{0} 含有私钥，不予显示，请妥善保管";
    StateOfOtherTree = "state-of-other-tree",
        "the state ends at {0} entries, but the trusted checkpoint has another tree, of {1}",
        "状态文件止于 {0} 条，而可信检查点是另一棵树（{1} 条）";
    TwoLogs = "two-logs", "the checkpoints are of two logs: {0} and {1}", "两个检查点属于不同的日志：{0} 和 {1}";
    UnknownFormat = "unknown-format",
        "{0} is no note, checkpoint, receipt, statement, disclosure or key; read as a policy: {1}",
        "{0} 不是签名文本、检查点、回执、声明、公开文件或密钥；按策略读取时：{1}";
    WrongOrder = "wrong-order", "the older checkpoint has {0} entries, the newer only {1}: swap them",
        "旧检查点有 {0} 条，新检查点只有 {1} 条：请对调";

    // What to do.
    HintLogUnreadable = "hint-log-unreadable",
        "A log has a file `checkpoint` and a folder `tile` at this place; check the address.",
        "日志在该处应有 checkpoint 文件和 tile 文件夹，请检查地址。";
    HintPolicy = "hint-policy",
        "The smallest policy is two lines: `log <verifier key of the log>` and `quorum none`.",
        "最小的策略只有两行：`log <日志的验证密钥>` 和 `quorum none`。";
    HintSourceKey = "hint-source-key",
        "Give the key that the factory handed you before: --source-key VKEY or a file of keys.",
        "请给出工厂事先交给您的密钥：--source-key 密钥或密钥文件。";
    HintState = "hint-state",
        "It must be of the same log and the same kind of audit; remove it to start anew.",
        "状态文件必须属于同一日志和同一种审计；删除它即可重新开始。";

    // What a verdict leaves open.
    OpenBeforeStart = "open-before-start", "the first {0} entries: taken as audited before",
        "前 {0} 条：视为先前已审计";
    OpenChainsBeforeStart = "open-chains-before-start",
        "whether the sources' chains are without gaps up to there: no --state of that audit",
        "到该处为止各来源的链有无缺口：没有那次审计的 --state";
    OpenCompleteness = "open-completeness",
        "whether this is all: that no other record exists, and none was tried again",
        "是否完整：有无其他记录，有无重复测试";
    OpenEntries = "open-entries", "what the entries say", "各条目的内容";
    OpenFile = "open-file", "record {0} commits to a file that was not given",
        "第 {0} 号记录所承诺的文件未提供";
    OpenHidden = "open-hidden", "what is not opened: {0} of {1} records are shown, not all in full",
        "未公开的内容：{1} 条记录中公开了 {0} 条，且未必完整";
    OpenLowerBound = "open-lower-bound",
        "that it was made after the log had {0} entries: the checkpoint it names is not at hand",
        "它是否作于日志已有 {0} 条之后：手头没有它所指的检查点";
    OpenNoDisclosure = "open-no-disclosure",
        "what the statement is about: no disclosure was given", "声明的内容：未给出公开文件";
    OpenNoLowerBound = "open-no-lower-bound", "that it was not made long before: it names no earlier tree",
        "它是否早已备好：它没有指明任何更早的树";
    OpenNoWitness = "open-no-witness",
        "that all see the same log, and when: the policy asks for no witness",
        "所有人看到的是否同一日志、以及时间：策略未要求见证者";
    OpenOpaque = "open-opaque", "what the entry means and who made it", "条目的含义和作者";
    OpenOpaqueLog = "open-opaque-log", "what the entries mean and who made them", "各条目的含义和作者";
    OpenPostQuantumLog = "open-post-quantum-log",
        "against quantum computers: the log has not signed with ML-DSA-44",
        "抗量子计算：日志未用 ML-DSA-44 签名";
    OpenPostQuantumQuorum = "open-post-quantum-quorum",
        "against quantum computers: too few witnesses have cosigned with ML-DSA-44 ({0})",
        "抗量子计算：用 ML-DSA-44 联署的见证者不足（{0}）";
    OpenSignatures = "open-signatures",
        "the signatures of the sources: no --source-keys; and whether the machines told the truth",
        "各来源的签名：没有 --source-keys；以及机器所报是否属实";
    OpenStatement = "open-statement", "the statement's signature: see `fiducial verify`",
        "声明的签名：请用 fiducial verify";
    OpenTruth = "open-truth", "whether the machine told the truth", "机器所报是否属实";

    // Labels.
    LabelAfter = "after", "made after this many entries, it says", "自称作于多少条之后";
    LabelAudited = "audited", "entries audited", "已审计条数";
    LabelBatch = "batch", "batch commitment", "批次承诺";
    LabelClaimed = "claimed-signature", "claimed signature", "自称的签名";
    LabelCosigned = "cosigned", "cosigned", "联署";
    LabelExtension = "extension", "extension line", "扩展行";
    LabelExtraSize = "extra-size", "bytes of extra data", "附加数据字节数";
    LabelIndex = "index", "index", "序号";
    LabelKey = "key", "key", "密钥";
    LabelKind = "kind", "kind", "类型";
    LabelLeaf = "leaf", "leaf hash", "叶哈希";
    LabelLine = "line", "line", "行";
    LabelLogSigned = "log-signed", "signed by the log", "日志签名";
    LabelOpened = "opened", "opened", "已公开";
    LabelOrigin = "origin", "log", "日志";
    LabelPathLength = "path-length", "hashes in the path", "路径哈希数";
    LabelPolicyGroup = "policy-group", "group", "组";
    LabelPolicyLog = "policy-log", "log key", "日志密钥";
    LabelPolicyQuorum = "policy-quorum", "quorum", "法定数";
    LabelPolicyWitness = "policy-witness", "witness", "见证者";
    LabelPostQuantum = "post-quantum", "also without Ed25519", "不依赖 Ed25519 亦成立";
    LabelPostQuantumTimes = "post-quantum-times", "witnessed, without Ed25519", "见证时间（不依赖 Ed25519）";
    LabelPrevious = "previous", "previous statement", "前一号声明";
    LabelProvedRoot = "proved-root", "root of the tree proved in", "所证明的树根";
    LabelProvedSize = "proved-size", "size of the tree proved in", "所证明的树大小";
    LabelRecordCount = "record-count", "records in the batch", "批次记录数";
    LabelRoot = "root", "root", "树根";
    LabelSequence = "sequence", "sequence", "声明号";
    LabelSource = "source", "source", "来源";
    LabelSources = "sources", "sources", "来源数";
    LabelStatementLog = "statement-log", "made for the log", "所属日志";
    LabelTimes = "times", "witnessed", "见证时间";
    LabelTreeSize = "tree-size", "entries in the log", "日志条数";
    LabelWritten = "written", "written to", "已写入";

    // What `inspect` can find.
    KindCheckpoint = "checkpoint", "checkpoint", "检查点";
    KindDisclosure = "disclosure", "disclosure", "公开文件";
    KindKeys = "verifier-key", "verifier key", "验证密钥";
    KindNote = "note", "signed note", "签名文本";
    KindPolicy = "policy", "policy", "策略";
    KindReceipt = "receipt", "receipt", "回执";
    KindStatement = "statement", "statement", "声明";

    // Help.
    HelpAudit = "help-audit", "Hash the whole log again and check every statement in it",
        "重新计算整个日志，并检查其中每一份声明";
    HelpExitCodes = "help-exit-codes", "Exit codes: 0 verified, 1 rejected, 2 could not tell.",
        "退出码：0 已验证，1 不通过，2 无法判定。";
    HelpInspect = "help-inspect", "Say in plain words what a file holds, without verifying anything",
        "用平实的话说明文件内容，不作任何验证";
    HelpProgram = "help-program", "Judges what a log, a source or the other party has handed over",
        "检验日志、来源或对方交来的证据";
    HelpProve = "help-prove", "Make a proof from a log's tiles, and check it before it is written",
        "由日志分块生成证明，写出前先行检验";
    HelpProveConsistency = "help-prove-consistency",
        "Prove that a newer checkpoint only appends to an older one", "证明新检查点只是在旧检查点上追加";
    HelpProveInclusion = "help-prove-inclusion", "Prove that an entry is in the log: makes a receipt",
        "证明条目已在日志中：生成回执";
    HelpVerify = "help-verify", "Check a receipt, or two checkpoints, offline", "离线检验回执或两个检查点";
    HelpVerifyConsistency = "help-verify-consistency",
        "Check that a newer checkpoint only appends to an older one", "检验新检查点只是在旧检查点上追加";
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn places(text: &str) -> BTreeSet<&str> {
        text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|pair| pair.0).collect()
    }

    #[test]
    fn every_message_has_both_languages_with_the_same_values_and_its_own_code() {
        let mut codes = BTreeSet::new();
        for message in Message::ALL {
            let english = message.text(Language::English);
            let chinese = message.text(Language::Chinese);
            assert!(english.is_ascii() && !english.is_empty(), "{message:?}");
            let is_han = |letter: char| ('\u{4e00}'..='\u{9fff}').contains(&letter);
            assert!(chinese.chars().any(is_han), "{message:?} has no Chinese text");
            assert_eq!(places(english), places(chinese), "{message:?}");
            assert!(codes.insert(message.code()), "{message:?}: the code is taken");
        }
    }

    #[test]
    fn values_are_put_in_once() {
        let said = Said::new(Message::TwoLogs, &["{1}", "b"]);
        assert_eq!(said.to_text(Language::English), "the checkpoints are of two logs: {1} and b");
        assert!(said.to_text(Language::Chinese).contains("{1} 和 b"));
        let within = said.within("x").to_text(Language::English);
        assert!(within.starts_with("x: the checkpoints"));
    }

    #[test]
    fn the_language_is_the_environments() {
        let of = |name: &'static str, value: &'static str| {
            Language::of_environment(|asked| (asked == name).then(|| value.to_string()))
        };
        assert_eq!(of("LANG", "zh_CN.UTF-8"), Language::Chinese);
        assert_eq!(of("LC_ALL", "zh"), Language::Chinese);
        assert_eq!(of("LANG", "C"), Language::English);
        assert_eq!(Language::of_environment(|_| None), Language::English);
        let both = |name: &str| match name {
            "LC_ALL" => Some("en_GB".to_string()),
            _ => Some("zh_CN".to_string()),
        };
        assert_eq!(Language::of_environment(both), Language::English);
    }
}
