//! The sentences themselves: name, code for machines, English, Chinese.
//!
//! One that lacks a language does not compile. Codes never change; `{0}` stands for the first value.

pub(super) mod files;
pub(super) mod html;
pub(super) mod look;
pub(super) mod papers;
pub(super) mod reconcile;
pub(super) mod succession;
pub(super) mod units;

use super::Message;

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

    AfterHolds = "after-holds",
        "it was made after {0}: it names the note that was cosigned then, with the first {1} entries",
        "它作于 {0} 之后：它指明了当时联署的检查点，即最初的 {1} 条";
    AfterHoldsUntimed = "after-holds-untimed",
        "it was made after the log had signed its first {0} entries: it names that note",
        "它作于日志签署最初 {0} 条之后：它指明了该检查点";
    SplitProven = "split-proven",
        "SPLIT PROVEN: the log {0} has signed two histories, of {1} and of {2} entries, that cannot both be true",
        "分叉成立：日志 {0} 签署了两段历史（{1} 条与 {2} 条），二者不可能同时为真";
    WatchAgrees = "watch-agrees", "all that was seen is one log, now of {0} entries",
        "所见全部属于同一日志，现有 {0} 条";

    // Why evidence is rejected.
    AfterTheFuture = "after-the-future",
        "the statement says it was made after {0} entries, but it is entry {1} itself",
        "声明自称在 {0} 条之后作出，但它本身就是第 {1} 条";
    AfterOtherNote = "after-other-note",
        "{0} is not the note that the statement names: its SHA-256 is {1}, the statement says {2}",
        "{0} 不是声明所指明的检查点：其 SHA-256 为 {1}，声明所写为 {2}";
    AfterOtherTree = "after-other-tree", "{0} is of another tree than the statement says it follows",
        "{0} 与声明自称所继的树不同";
    AfterNotContinued = "after-not-continued",
        "the log of the receipt does not continue the tree that the statement follows",
        "回执所在的日志并非声明所继之树的延续";
    BadDisclosure = "bad-disclosure", "{0} does not belong to the statement: {1}",
        "{0} 与声明不符：{1}";
    BadSignatures = "bad-signatures", "signature lines of known keys do not verify", "已知密钥的签名验证失败";
    BadSignatureLine = "bad-signature-line", "key {0}+{1}", "密钥 {0}+{1}";
    BadStatement = "bad-statement", "the signature of the source {0} does not verify: {1}",
        "来源 {0} 的签名验证失败：{1}";
    FileNotVouched = "file-not-vouched",
        "{0} was altered or is another file (check first that you took the right one): no opened record commits to its SHA-256 {1}",
        "{0} 已被改动或不是同一个文件（请先确认拿对了文件）：没有任何已披露的记录承诺其 SHA-256 {1}";
    Fork = "fork",
        "FORK: two accepted roots for the same {0} entries; keep both files, they prove it",
        "日志分叉：同为 {0} 条却有两个都被接受的根；请保存这两个文件，它们就是证据";
    LeafNotFound = "leaf-not-found", "no entry with leaf hash {0} is among the first {1}",
        "前 {1} 条中没有叶哈希为 {0} 的条目";
    LogHasNotSigned = "log-has-not-signed",
        "it does not fit your policy (check that you took the right file): no listed key of the log {0} has signed the checkpoint: the policy lists {1}, and there are lines by {2}",
        "与您给出的策略不符（请确认文件没有拿错）：策略所列的日志 {0} 的密钥均未签署该检查点：策略列有 {1}，而签名行来自 {2}";
    NotACheckpoint = "not-a-checkpoint", "the note is not a checkpoint: {0}", "该签名文本不是检查点：{0}";
    NotAStatement = "not-a-statement",
        "the entry is not a statement: {0}; for other entries give --entry FILE, and no --source-key",
        "该条目不是声明：{0}；若为其他条目，请用 --entry 给出文件，且不要给出 --source-key";
    NotAccepted = "not-accepted", "not accepted: {0}", "不予接受：{0}";
    NotConsistent = "not-consistent", "the newer checkpoint does not continue the older one",
        "新检查点不是旧检查点的延续";
    NotIncluded = "not-included", "the entry is not where the proof says",
        "条目不在证明所说的位置";
    NotTheTrustedTree = "not-the-trusted-tree",
        "the first {0} entries are no longer those of the trusted checkpoint",
        "前 {0} 条已不是可信检查点所对应的内容";
    OnlyRelated = "only-related",
        "no quorum of these cosignatures holds a witness unrelated to {0}",
        "这些联署的法定数中没有与 {0} 无关的见证者";
    QuorumNotMet = "quorum-not-met",
        "too few witnesses have signed: the quorum {0} of your policy is not met (check that you took the right file)",
        "签署的见证者太少：未达到您的策略所要求的 {0}（请确认文件没有拿错）";
    RolledBack = "rolled-back",
        "the log shows {1} entries, but {0} were audited before: it went back",
        "日志现只有 {1} 条，而先前已审计过 {0} 条：日志倒退了";
    RuleShort = "rule-short", "your policy wants {1} of the {2} in `{0}`; only {3} signed",
        "您的策略要求 `{0}` 的 {2} 个中有 {1} 个签名；只有 {3} 个签了名";
    SplitNotProven = "split-not-proven", "the file proves no split", "该文件不能证明分叉";
    StatementOfAnotherLog = "statement-of-another-log",
        "the statement was made for the log {0}, but stands in {1}",
        "声明是为日志 {0} 作出的，却出现在 {1} 中";
    UnknownLog = "unknown-log",
        "it does not fit your policy or keys (check that you took the right file): it comes from the log {0}, and what you trust is the log {1}: ask for a receipt of the log that was agreed. A policy for another log is yours only if it comes from somebody other than the supplier",
        "与您给出的策略或密钥不符（请确认文件没有拿错）：它来自日志 {0}，而您所信任的是日志 {1}：请索取所约定日志的回执。改用另一日志的策略，须从供货方以外取得";
    UnknownLogNoneListed = "unknown-log-none-listed",
        "it comes from the log {0}, and your policy lists no log at all: add a line `log <verifier key of the log>`, with a key that you did not get with the evidence or from the supplier",
        "它来自日志 {0}，而您的策略没有列出任何日志：请加上一行 `log <日志的验证密钥>`，且该密钥不得取自所交来的证据或供货方";
    UnpinnedSource = "unpinned-source",
        "it does not fit your pins or source keys (check that you took the right file): the statement is signed by {0} with key ID {1}, and none of the given keys is that key",
        "与您给出的信任锚点（pins）或来源密钥不符（请确认文件没有拿错）：声明由 {0}（密钥 ID {1}）签署，而所给的密钥中没有这一把";

    // What stands behind a reason, in half a sentence.
    DetailAgree = "detail-agree", "the larger tree continues the smaller one: both can be true",
        "较大的树延续了较小的树：二者可同时为真";
    DetailConsistencyLength = "detail-consistency-length",
        "the consistency proof has {0} hashes where the sizes require {1}",
        "一致性证明有 {0} 个哈希，而两个大小要求 {1} 个";
    DetailHashesElsewhere = "detail-hashes-elsewhere",
        "the hashes lead to {0}, which is not the root that the log has signed",
        "哈希得出 {0}，不是日志签署的根";
    DetailHashesLength = "detail-hashes-length", "there are {0} hashes where the sizes require {1}",
        "有 {0} 个哈希，而两个大小要求 {1} 个";
    DetailIndexBeyond = "detail-index-beyond", "index {0} is beyond a tree of {1} entries",
        "序号 {0} 超出 {1} 条的树";
    DetailInvalid = "detail-invalid", "a signature line names the key but does not verify",
        "签名行指明该密钥，但验证失败";
    DetailNewRoot = "detail-new-root", "the consistency proof leads to another root for the newer tree",
        "一致性证明对新树得出另一个根";
    DetailNoHashes = "detail-no-hashes",
        "trees of {0} and {1} entries, and nothing that ties their roots: both can be true",
        "{0} 条与 {1} 条的两棵树之间没有任何联系其根的哈希：二者可同时为真";
    DetailNotSigned = "detail-not-signed", "the checkpoint of {0} entries is not signed by the log",
        "{0} 条的检查点没有日志的签名";
    DetailOldRoot = "detail-old-root", "the consistency proof leads to another root for the older tree",
        "一致性证明对旧树得出另一个根";
    DetailOther = "detail-other", "{0}", "（原文）{0}";
    DetailPathLength = "detail-path-length",
        "the inclusion proof has {0} hashes where index and size require {1}",
        "包含证明有 {0} 个哈希，而序号与大小要求 {1} 个";
    DetailPathRoot = "detail-path-root", "the inclusion proof leads to another root ({0})",
        "包含证明得出另一个根（{0}）";
    DetailSameSize = "detail-same-size", "two different roots for the same size", "同一大小却有两个不同的根";
    DetailSignatureBad = "detail-signature-bad",
        "the log's signature on the checkpoint of {0} entries does not verify",
        "{0} 条的检查点上日志的签名验证失败";
    DetailTimestamp = "detail-timestamp", "it names a time that the format forbids", "所写时间为格式所禁止";
    DetailTwoLogs = "detail-two-logs", "the checkpoints are of two logs, {0} and {1}",
        "两个检查点属于不同的日志：{0} 和 {1}";
    MemberCosigned = "member-cosigned", "{0} ok ({1})", "{0} 已联署（{1}）";
    MemberGroupMet = "member-group-met", "{0} enough ({1} signed, {2} needed)", "{0} 已达到（{1} 个签了名，需 {2} 个）";
    MemberGroupShort = "member-group-short", "{0} not enough ({1} signed, {2} needed)", "{0} 未达到（{1} 个签了名，需 {2} 个）";
    MemberNotCosigned = "member-not-cosigned", "{0} no cosignature", "{0} 没有联署";
    MemberNotPostQuantum = "member-not-post-quantum", "{0} signs with Ed25519", "{0} 用 Ed25519 签名";
    MemberRefused = "member-refused", "{0} signature does not verify", "{0} 签名验证失败";
    MemberTimeless = "member-timeless", "{0} cosigned without a time, which never counts",
        "{0} 联署未写时间，不计入";
    PartyOutsideQuorum = "party-outside-quorum", "{0} is unrelated but in no met quorum",
        "{0} 无关联，但不在任何已达到的法定数之内";
    PartyRuns = "party-runs", "{0} is run by {1}", "{0} 由 {1} 运行";

    // What a watch finds.
    WatchAhead = "watch-ahead",
        "{0} shows {1} entries, and the log has no tiles that tie them to what else was seen: {2}",
        "{0} 出示 {1} 条，而日志没有能将其与其他所见联系起来的分块：{2}";
    WatchLogTiles = "watch-log-tiles",
        "the log's tiles do not lead to the root it has signed for {0} entries: {1}",
        "日志的分块得不出它为 {0} 条所签署的根：{1}";
    WatchNotSigned = "watch-not-signed", "{0} shows a checkpoint that the log has not signed: {1}",
        "{0} 出示的检查点没有日志的签名：{1}";
    WatchOwnLine = "watch-own-line", "{0} shows a checkpoint without a sound cosignature of its own",
        "{0} 出示的检查点没有它自己的有效联署";
    WatchShrunk = "watch-shrunk",
        "THE LOG WENT BACK: it shows {0} entries, and {1} were seen before. This is no proof: an old copy looks the same",
        "日志倒退：现只有 {0} 条，而先前见过 {1} 条。这还不是证明：旧副本也会如此";
    WatchSplit = "watch-split",
        "SPLIT: what {0} shows ({1} entries) and what {2} shows ({3} entries) cannot both be true",
        "分叉：{0} 所示（{1} 条）与 {2} 所示（{3} 条）不可能同时为真";
    WatchUnreachable = "watch-unreachable", "{0} cannot be asked: {1}", "无法询问 {0}：{1}";
    WatchWitnessBack = "watch-witness-back",
        "THE WITNESS {0} WENT BACK: it shows {1} entries, and has cosigned {2} before. Its state may have been restored",
        "见证者 {0} 倒退：现示 {1} 条，而先前联署过 {2} 条。其状态可能被还原";
    WatchWitnessForgot = "watch-witness-forgot",
        "{0} says that it has never cosigned this log, and has cosigned {1} entries before",
        "{0} 自称从未联署该日志，而先前联署过 {1} 条";

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
    FileEmpty = "file-empty", "{0} is empty: it was not written or copied whole",
        "{0} 是空文件：没有完整写出或复制";
    FileTooLarge = "file-too-large", "{0} has more than {1} bytes", "{0} 超过 {1} 字节";
    FileUnreadable = "file-unreadable", "cannot read {0}: {1}", "无法读取 {0}：{1}";
    FileUnwritable = "file-unwritable", "cannot write {0}: {1}", "无法写入 {0}：{1}";
    IndexBeyond = "index-beyond", "there is no entry {0} in a tree of {1}", "{1} 条的树中没有第 {0} 条";
    LogUnreadable = "log-unreadable", "the log cannot be read: {0}", "无法读取日志：{0}";
    Malformed = "malformed", "{0} is malformed: {1}", "{0} 格式有误：{1}";
    NoEntry = "no-entry", "the receipt does not carry its entry: give it with --entry FILE",
        "回执未附带条目：请用 --entry 给出文件";
    NoPolicy = "no-policy",
        "Still missing: your policy, a file that you hold from before (--policy FILE)",
        "还缺：您的策略，即您事先持有的文件（--policy 文件）";
    NoProof = "no-proof", "give the proof with --proof FILE, or a log with --log",
        "请用 --proof 给出证明，或用 --log 给出日志";
    NoPolicyNorPins = "no-policy-nor-pins",
        "Still missing: --policy FILE and --pins FILE: two files that you hold from before, not from this bundle",
        "还缺：--policy 文件 和 --pins 文件：您事先持有的两个文件，并非取自此证据包";
    NoSourceKey = "no-source-key",
        "Still missing: your pins (--pins FILE), a file that you hold from before, or a key of the source (--source-key)",
        "还缺：您的信任锚点（--pins 文件），即您事先持有的文件，或来源的密钥（--source-key）";
    NoSuchLog = "no-such-log", "{0} is neither a folder nor an address with http:// or https://",
        "{0} 既不是文件夹，也不是 http:// 或 https:// 地址";
    NoThreads = "no-threads", "no threads could be started: {0}", "无法启动线程：{0}";
    PrivateKey = "private-key", "{0} holds a private key; it is not shown. Keep it to yourself",
        "{0} 含有私钥，不予显示，请妥善保管";
    ProofCut = "proof-cut",
        "{0} holds {1} hashes where the two sizes require {2}: it was cut, or is the proof of other checkpoints",
        "{0} 有 {1} 个哈希，而两个大小要求 {2} 个：文件被截断，或是其他检查点的证明";
    StateOfOtherTree = "state-of-other-tree",
        "the state ends at {0} entries, but the trusted checkpoint has another tree, of {1}",
        "状态文件止于 {0} 条，而可信检查点是另一棵树（{1} 条）";
    TwoLogs = "two-logs", "the checkpoints are of two logs: {0} and {1}", "两个检查点属于不同的日志：{0} 和 {1}";
    UnknownFormat = "unknown-format",
        "{0} is no note, checkpoint, receipt, statement, disclosure or key; read as a policy: {1}",
        "{0} 不是签名文本、检查点、回执、声明、披露文件或密钥；按策略读取时：{1}";
    WrongOrder = "wrong-order", "the older checkpoint has {0} entries, the newer only {1}: swap them",
        "旧检查点有 {0} 条，新检查点只有 {1} 条：请对调";

    NoOrigin = "no-origin",
        "the policy lists several logs and this one cannot be read: nobody knows which to ask for",
        "策略列有多个日志而该日志无法读取：不知应询问哪一个";
    NoUnrelated = "no-unrelated", "the policy has no witness in its quorum that is unrelated to {0}",
        "策略的法定数中没有与 {0} 无关的见证者";
    PartyUnknown = "party-unknown", "{0} does not name the party {1}", "{0} 中没有名为 {1} 的一方";
    PartyUnknownWitness = "party-unknown-witness",
        "{0} says that {1} runs {2}, which is no witness or key name of the policy",
        "{0} 称 {1} 运行 {2}，但策略中没有这个见证者或密钥名";
    WitnessUnknown = "witness-unknown", "the policy has no witness or key name {0}", "策略中没有见证者或密钥名 {0}";
    // What to do.
    HintLogUnreadable = "hint-log-unreadable",
        "A log has a file `checkpoint` and a folder `tile` at this place; check the address.",
        "日志在该处应有 checkpoint 文件和 tile 文件夹，请检查地址。";
    HintParties = "hint-parties",
        "A line for each party under [parties], as in: factory = [\"w1\", \"w2.example\"]",
        "在 [parties] 下每方一行，例如：factory = [\"w1\", \"w2.example\"]";
    HintPolicy = "hint-policy",
        "A policy lists the log's key, its witnesses and a quorum of them. Get it again, whole, from somebody other than the supplier: as the contract, an association or an auditor has it. Do not weaken its quorum.",
        "策略列有日志的密钥、见证者及其法定数。请从供货方以外（合同、行业协会或审计方）重新取得完整的策略文件，切勿降低其法定数。";
    HintNoPolicy = "hint-no-policy",
        "The policy is a file of your own: as agreed in the contract, or as an association or an auditor has published it. Do not take the one inside a bundle: it came with the evidence.",
        "策略是您自己的文件：按合同约定，或由行业协会、审计方公布。请勿采用证据包内所附的策略：它与证据一起给出。";
    HintKeys = "hint-keys",
        "Give --pins FILE, your own pins; or, for single records, --source-key FILE, the machine's key as the factory handed it to you before. Do not take them from the bundle.",
        "请用 --pins 给出您自己的信任锚点文件（pins）；若只验证单条记录，可用 --source-key 给出工厂事先交给您的机器密钥。请勿采用证据包内所附的。";
    HintSourceKey = "hint-source-key",
        "Give --pins FILE, your own pins, or the key that the factory handed you before: --source-key VKEY or a file of keys.",
        "请用 --pins 给出您自己的信任锚点文件（pins），或给出工厂事先交给您的密钥：--source-key 密钥或密钥文件。";
    HintState = "hint-state",
        "It must be of the same log and the same kind of audit; remove it to start anew.",
        "状态文件必须属于同一日志和同一种审计；删除它即可重新开始。";
    HintWatchState = "hint-watch-state",
        "It must be of the log that the policy lists; move it away to start anew, and keep it: it may be evidence.",
        "状态文件必须属于策略所列的日志；移走它即可重新开始，但请保留：它可能是证据。";

    // What a verdict leaves open.
    OpenAfterConsistency = "open-after-consistency",
        "that the log continues the {0} entries that the statement follows: give --consistency or --log",
        "日志是否延续声明所继的 {0} 条：请用 --consistency 或 --log 给出";
    OpenAfterTime = "open-after-time", "when that was: the policy asks for no witness",
        "当时的时间：策略未要求见证者";
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
    OpenFirstLook = "open-first-look", "what the log was before: this is the first look at it",
        "日志先前的样子：这是第一次查看";
    OpenHidden = "open-hidden", "what is not opened: {0} of {1} records are shown, not all in full",
        "未披露的内容：{1} 条记录中披露了 {0} 条，且未必完整";
    OpenLowerBound = "open-lower-bound",
        "that it was made after the log had {0} entries: the checkpoint it names is not at hand",
        "它是否作于日志已有 {0} 条之后：手头没有它所指的检查点";
    OpenNoDisclosure = "open-no-disclosure",
        "what the statement is about: no disclosure was given", "声明的内容：未给出披露文件";
    OpenNoLowerBound = "open-no-lower-bound",
        "no earliest time can be given: what was signed names no earlier state of the log",
        "无法给出最早时间：所签署的内容没有指明日志更早的状态";
    OpenNoWitness = "open-no-witness",
        "that all see the same log, and when: the policy asks for no witness",
        "所有人看到的是否同一日志、以及时间：策略未要求见证者";
    OpenNoWitnessAddress = "open-no-witness-address",
        "what {0} has seen: the policy has no address of it, and --witness gives none",
        "{0} 所见：策略没有它的地址，--witness 也未给出";
    OpenNeverCosigned = "open-never-cosigned", "what {0} has seen: it says that it has never cosigned this log",
        "{0} 所见：它自称从未联署该日志";
    OpenOpaque = "open-opaque", "what the entry means and who made it", "条目的含义和作者";
    OpenOpaqueLog = "open-opaque-log", "what the entries mean and who made them", "各条目的含义和作者";
    OpenPostQuantumLog = "open-post-quantum-log",
        "against quantum computers: the log has not signed with ML-DSA-44",
        "抗量子计算：日志未用 ML-DSA-44 签名";
    OpenPostQuantumNoKey = "open-post-quantum-no-key",
        "against quantum computers: the policy lists no ML-DSA-44 key of this log",
        "抗量子计算：策略未列出该日志的 ML-DSA-44 密钥";
    OpenPostQuantumQuorum = "open-post-quantum-quorum",
        "against quantum computers: by ML-DSA-44 alone the quorum {0} is not met",
        "抗量子计算：仅凭 ML-DSA-44 未达到法定数 {0}";
    OpenPostQuantumUnrelated = "open-post-quantum-unrelated",
        "against quantum computers: by ML-DSA-44 alone no quorum holds a witness unrelated to {0}",
        "抗量子计算：仅凭 ML-DSA-44 没有包含与 {0} 无关之见证者的法定数";
    OpenShown = "open-shown", "who was shown which of the two, and when", "二者各在何时出示给谁";
    OpenSignatures = "open-signatures",
        "the signatures of the sources: no --source-keys; and whether the machines told the truth",
        "各来源的签名：没有 --source-keys；以及机器所报是否属实";
    OpenStatement = "open-statement", "the statement's signature: see `fiducial verify`",
        "声明的签名：请用 fiducial verify";
    OpenTruth = "open-truth", "whether the machine told the truth", "机器所报是否属实";

    // Labels.
    LabelAfter = "after", "made after this many entries, it says", "自称作于多少条之后";
    LabelAudited = "audited", "entries audited", "已审计条数";
    LabelBeginning = "beginning", "root that the larger tree has at the smaller one's size",
        "较大的树在较小的树的大小处的根";
    LabelBatch = "batch", "batch commitment", "批次承诺";
    LabelClaimed = "claimed-signature", "claimed signature", "自称的签名";
    LabelCosigned = "cosigned", "cosigned", "联署";
    LabelCosignedBoth = "cosigned-both", "cosigned both", "两者都联署了";
    LabelCosignedNewer = "cosigned-newer", "cosigned the larger", "联署了较大的树";
    LabelCosignedOlder = "cosigned-older", "cosigned the smaller", "联署了较小的树";
    LabelEvidence = "evidence", "evidence written to", "证据已写入";
    LabelExtension = "extension", "extension line", "扩展行";
    LabelExtraSize = "extra-size", "bytes of extra data", "附加数据字节数";
    LabelIndex = "index", "index", "序号";
    LabelKey = "key", "key", "密钥";
    LabelKind = "kind", "kind", "类型";
    LabelLeaf = "leaf", "leaf hash", "叶哈希";
    LabelLine = "line", "line", "行";
    LabelLogSigned = "log-signed", "signed by the log", "日志签名";
    LabelNewer = "newer", "the larger tree", "较大的树";
    LabelNotBefore = "not-before", "log entry made after", "日志条目作于此时之后";
    LabelOlder = "older", "the smaller tree", "较小的树";
    LabelOpened = "opened", "opened", "已披露";
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
    LabelUnrelated = "unrelated", "unrelated witness", "无关联的见证者";
    LabelWitness = "witness", "seen by", "见证者所见";
    LabelWritten = "written", "written to", "已写入";

    // What `inspect` can find.
    KindCheckpoint = "checkpoint", "checkpoint", "检查点";
    KindDisclosure = "disclosure", "disclosure", "披露文件";
    KindKeys = "verifier-key", "verifier key", "验证密钥";
    KindNote = "note", "signed note", "签名文本";
    KindPolicy = "policy", "policy", "策略";
    KindReceipt = "receipt", "receipt", "回执";
    KindSplit = "split", "evidence of a split", "分叉证据";
    KindStatement = "statement", "statement", "声明";

    // Folders and bundles: why they hold.
    ChallengeAnswered = "challenge-answered",
        "all {0} records that were picked are opened whole, and {1} of them with their evidence",
        "所抽取的 {0} 条记录均已完整披露，其中 {1} 条附有证据";
    EvidenceVouched = "evidence-vouched",
        "{0} files are here, unchanged since they were logged",
        "{0} 个文件在此，自记入日志以来未改动", "{0} file is here, unchanged since it was logged";
    ClaimedAfterLogged = "claimed-after-logged",
        "CLAIMED TIMES THAT WERE STILL TO COME, on {0} records: up to {1} behind their logging: a clock is wrong, or the time is not true; the furthest",
        "所称时间尚未到来：{0} 条记录所称的时间晚于其记入日志的时间，最多晚 {1}：时钟有误，或所称时间不实；相距最远的";
    LoggedAfterClaim = "logged-after-claim",
        "the records of {0} statements were logged up to {1} after the times that their files say, by the witnesses' clocks; the last of them",
        "{0} 份声明的记录，按见证者时钟，最晚在文件自称的时间之后 {1}记入日志；最晚的";
    SealedAfterClaim = "sealed-after-claim",
        "the records of {0} statements were sealed up to {1} after the times that their files say, by their source's own clock, which nobody has witnessed; the last of them",
        "{0} 份声明的记录，按来源自己的时钟（无人见证），最晚在文件自称的时间之后 {1}封入声明；最晚的";
    RangeSound = "range-sound",
        "{0}: statements {1} to {2} are here without a gap: {3} statements with all of their {4} records",
        "{0}：第 {1} 至 {2} 号声明连续，没有缺号：共 {3} 份声明，连同其全部 {4} 条记录";
    RecordsSound = "records-sound",
        "{0}: statement {1} is entry {2} of the log, and {3} of its {4} records are opened",
        "{0}：第 {1} 号声明是日志的第 {2} 条，其 {4} 条记录中披露了 {3} 条";
    ScanSound = "scan-sound",
        "all {0} entries of the log were read: {1} has no second statement at any place, and its chain begins as pinned",
        "已读取日志全部 {0} 条：{1} 没有在任何位置作过第二份声明，且其链始于您的信任锚点（pins）所载的声明";

    // Folders and bundles: why they are rejected.
    BadPart = "bad-part", "{0} is not what its path says: {1}", "{0} 与其路径不符：{1}";
    BundleCut = "bundle-cut",
        "{0}: its end is missing. Damaged on its way, or changed: this cannot tell which. Download or copy it again, or ask for the original file",
        "{0}：文件的结尾缺失。可能在传送途中损坏，也可能被改动：无法分辨。请重新下载或复制，或索要原始文件";
    BundleAltered = "bundle-altered", "{0} was altered since it was made: {1}", "{0} 制成之后被改动过：{1}";
    ChallengeOther = "challenge-other",
        "the challenge is not the one that the note and the range give", "质询与该检查点和区间所得出的不同";
    ChallengeOpen = "challenge-open", "record {1} of statement {0} was picked and is not opened whole",
        "第 {0} 号声明的第 {1} 号记录已被抽取，却未完整披露";
    ChallengeStatement = "challenge-statement", "statement {0} of the answer is not that of the range",
        "答复中的第 {0} 号声明与区间中的不同";
    ChallengeWithoutEvidence = "challenge-without-evidence",
        "record {1} of statement {0} was picked and commits to a file that is not enclosed",
        "第 {0} 号声明的第 {1} 号记录已被抽取，其所承诺的文件却未附上";
    EvidenceUnnamed = "evidence-unnamed", "no opened record commits to {0}", "没有任何已披露的记录承诺 {0}";
    NoteNotLater = "note-not-later",
        "the note was not cosigned after the range was: its tree has {0} entries, that of the range {1}",
        "该检查点并非在区间之后联署：其树有 {0} 条，区间的有 {1} 条";
    PinsOfAnotherLog = "pins-of-another-log",
        "it does not fit your pins (check that you took the right file): the statements are of the log {0}, the pins of {1}",
        "与您给出的信任锚点（pins）不符（请确认文件没有拿错）：声明属于日志 {0}，而锚点属于 {1}";
    RangeAfterFell = "range-after-fell", "{0}: statement {1} follows an older tree than the one before it",
        "{0}：第 {1} 号声明所继的树比前一号更旧";
    RangeBeforePin = "range-before-pin",
        "it does not fit your pins (check that you took the right file): {0}: the range ends at statement {1}, before the pinned statement {2}",
        "与您给出的信任锚点（pins）不符（请确认文件没有拿错）：{0}：区间止于第 {1} 号声明，早于锚点所载的第 {2} 号声明";
    RangeBroken = "range-broken", "{0}: statement {1} does not continue the one before it",
        "{0}：第 {1} 号声明与前一号不相衔接";
    RangeCount = "range-count", "{0}: the records of statement {1} begin at number {2}, where {3} is due",
        "{0}：第 {1} 号声明的记录从第 {2} 号起，应为第 {3} 号";
    RangeHeader = "range-header", "{0}: the header of statement {1} is not opened whole and well formed",
        "{0}：第 {1} 号声明的批次头未完整披露或格式有误";
    RangeHidden = "range-hidden", "{0}: statement {1}, record {2} does not show its `{3}`",
        "{0}：第 {1} 号声明的第 {2} 号记录未出示 {3}";
    RangeMistagged = "range-mistagged", "{0}: statement {1}, record {2}: its tags are not those of its units",
        "{0}：第 {1} 号声明的第 {2} 号记录的标签与其单元不符";
    RangeNotInLog = "range-not-in-log", "{0}: the log does not hold statement {1} as it is shown",
        "{0}：日志中没有所出示的第 {1} 号声明";
    RangeNotPinned = "range-not-pinned",
        "it does not fit your pins (check that you took the right file): {0}: statement {1} is not the one that you have pinned",
        "与您给出的信任锚点（pins）不符（请确认文件没有拿错）：{0}：第 {1} 号声明不是锚点所载的那一条";
    RangeSilence = "range-silence",
        "it does not fit your pins (check that you took the right file): {0}: your pins expect a record every {3} s; before entry {1} there is a gap of {2} s by its own clock, and no outage is stated",
        "与您给出的信任锚点（pins）不符（请确认文件没有拿错）：{0}：您的信任锚点预期每 {3} 秒有一条记录；按其自身时钟，第 {1} 号之前有 {2} 秒的间隔，也未申明中断";
    RangeUntagged = "range-untagged",
        "{0}: statement {1}, record {2} names your unit {3} and does not carry its tag: what else is not tagged, nobody can find; make sure that the key of this unit's lot is among those that you gave",
        "{0}：第 {1} 号声明的第 {2} 号记录提到您的单元 {3}，却没有其标签：其他未加标签的便无从查找；请确认所给的密钥中有该单元所属批次的密钥";
    ReceiptOfAnother = "receipt-of-another", "{0} carries another statement", "{0} 附带的是另一份声明";
    TwoHistories = "two-histories",
        "the log has signed two trees of {0} entries, {1} and {2}, and the policy accepts both: it has two histories",
        "日志签署了两棵均为 {0} 条的树（{1} 和 {2}），而策略都接受：它有两份历史";

    // Folders and bundles: what kept the program from deciding.
    ChallengeOneRange = "challenge-one-range", "a challenge is made of one range of one source",
        "质询只能针对单一来源的一个区间";
    HintDossier = "hint-dossier",
        "A bundle is made by `fiducial bundle make`; a folder is what `fiducial-agent disclose` leaves.",
        "证据包由 fiducial bundle make 制作；文件夹由 fiducial-agent disclose 生成。";
    HintPins = "hint-pins",
        "Pins are your own file; the maker prints a draft with `fiducial-agent pins`: compare its keys before you keep it.",
        "信任锚点文件（pins）是您自己的文件；工厂可用 fiducial-agent pins 打印草稿：保存前请核对其中的密钥。";
    LogCopyShort = "log-copy-short", "the log, or this copy of it, ends at {0} entries, and a receipt is of {1}",
        "日志（或这份副本）止于 {0} 条，而有回执属于 {1} 条的树";
    NoNoteName = "no-note-name",
        "{0}: a text in a bundle has a name of a-z, 0-9, dots, dashes and underscores",
        "{0}：证据包中的文字须以 a-z、0-9、点、短横和下划线命名";
    NoPin = "no-pin", "a range of {0} is claimed, and you have no pin of it: give --pins FILE",
        "对方声称 {0} 的一个区间，而您没有该来源的信任锚点（pins）：请用 --pins 给出文件";
    NoRange = "no-range", "no range is claimed here; single records are verified by `fiducial bundle verify`",
        "此处没有声称任何区间；单条记录请用 fiducial bundle verify 验证";
    NotAPart = "not-a-part", "{0} is no part of a bundle", "{0} 不属于证据包的任何部分";
    ScanNeedsRange = "scan-needs-range", "--log is for ranges, and none is claimed here",
        "--log 用于区间，而此处没有声称任何区间";

    // Folders and bundles: what a verdict leaves open.
    OpenClaims = "open-claims",
        "how long after the work the records were logged: none opens the time that it claims, with its zone",
        "记录在作业之后多久才记入日志：没有记录披露自称的时间及其时区";
    OpenClaimsSome = "open-claims-some",
        "how long after the work {0} records were logged ({1}): the time claimed is not opened, or has no time zone",
        "{0} 条记录（{1}）在作业之后多久才记入日志：自称的时间未披露，或没有时区";
    OpenCadence = "open-cadence", "{0}: how often it speaks: your pin names no cadence",
        "{0}：多久作一次声明：您的信任锚点（pins）未写明间隔";
    OpenFiles = "open-files", "{0} files to which opened records commit: they are not enclosed",
        "已披露记录所承诺的 {0} 个文件：未附上";
    OpenLowerBounds = "open-lower-bounds",
        "that {0} statements were not made long before: the checkpoints they name, or the proofs from these on, are not enclosed",
        "{0} 份声明是否早已备好：未附上其所指的检查点或由此延续的证明";
    OpenNoneNamed = "open-none-named",
        "no earliest time can be given for {0} entries: what was signed names no earlier state of the log",
        "有 {0} 条日志条目无法给出最早时间：所签署的内容没有指明日志更早的状态";
    OpenRangeStart = "open-range-start",
        "{0}: that nothing is missing between the pinned statement {1} and statement {2}: give --log",
        "{0}：信任锚点所载的第 {1} 号声明与第 {2} 号之间有无缺失：请给出 --log";
    OpenSamePins = "open-same-pins",
        "your pins are the same as the copy in the bundle: make sure that you had them from somewhere else",
        "您的信任锚点（pins）与证据包中的副本相同：请确认您是从别处得到的";
    OpenSamePolicy = "open-same-policy",
        "your policy is the same as the copy in the bundle: make sure that you had it from somewhere else",
        "您的策略与证据包中的副本相同：请确认您是从别处得到的";
    OpenScan = "open-scan",
        "{0}: whether the maker keeps a second set of books, and whether statements follow the last one shown: that needs the log (--log)",
        "{0}：工厂是否另有一套记录，以及所出示的最后一份声明之后是否还有声明：这需要日志（--log）";
    OpenUnpicked = "open-unpicked", "the records that were not picked", "未被抽取的记录";

    // Folders and bundles: labels.
    LabelAfterBound = "after-bound", "made after this many entries", "作于此条数之后";
    LabelBehindRange = "behind-range", "statements behind the range", "区间之后的声明数";
    LabelBytes = "bytes", "bytes", "字节数";
    LabelClaimRange = "claim-range", "claims that nothing is left out", "声称没有遗漏";
    LabelClaimRecords = "claim-records", "statements with opened records", "含已披露记录的声明数";
    LabelEvidenceCount = "evidence-count", "files of evidence", "证据文件数";
    LabelHeartbeats = "heartbeats", "statements without records", "没有记录的声明数";
    LabelIgnored = "ignored", "lies there, is no part of it, and was ignored", "位于其中但不属于其内容，已忽略";
    LabelMachine = "machine", "stands at", "所在机器";
    LabelMakerSays = "maker-says", "the maker says", "工厂称";
    LabelOtherCopy = "other-copy", "the maker's copy is not your own", "工厂的副本与您自己的不同";
    LabelOutages = "outages", "outages stated", "申明的中断数";
    LabelRangeWitnessed = "range-witnessed", "all of it witnessed not later than", "全部不晚于（见证时间）";
    LabelSha256 = "sha256", "SHA-256", "SHA-256 值";
    SourceIs = "source-is",
        "where records come from: one machine or station, signed for by the factory with a key of its own",
        "记录的来源：一台机器或一个工位，由工厂以其专用密钥代为签名";
    LabelStatementRecords = "statement-records", "statement: records opened / all, its header among them", "声明：已披露/全部记录数（含批次头）";
    LabelStatementWitnessed = "statement-witnessed", "witnessed not later than", "不晚于（见证时间）";
}
