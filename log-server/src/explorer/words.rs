//! What the pages say, in English and in Chinese.
//!
//! One constant for each sentence, so that neither language can lack one.

use super::language::Word;

macro_rules! words {
    ($($name:ident: $en:literal, $zh:literal;)*) => {
        $(pub(super) const $name: Word = Word { en: $en, zh: $zh };)*
        /// All of them, for a test.
        #[cfg(test)]
        const ALL: &[(&str, Word)] = &[$((stringify!($name), $name),)*];
    };
}

words! {
    // Every page.
    SKIP: "To the content", "跳到正文";
    LANGUAGE: "Language", "语言";
    SEARCH: "Find an entry or a source", "查找条目或来源";
    SEARCH_HINT: "Index, leaf hash, or name of a source", "序号、叶哈希或来源名称";
    FIND: "Find", "查找";
    START: "The log", "日志首页";
    FOOT: "This page is a convenience and proves nothing. Whatever it shows can be computed again from the log's tiles and checked with the verifier, by a policy of your own.",
        "本页仅为方便查看，本身不构成证明。页面上的一切都可以由日志的数据块重新算出，并用验证器按您自己的策略核验。";
    FOR_PROGRAMS: "For programs", "供程序使用";
    VERIFIER: "Verify a report", "验证报告";
    DAYS: "{0} days", "{0} 天";
    HOURS: "{0} h", "{0} 小时";
    MINUTES: "{0} min", "{0} 分钟";
    SECONDS: "{0} s", "{0} 秒";
    AGO: "{0} ago", "{0}前";
    RANGE: "entries {0} to {1}", "条目 {0} 至 {1}";
    RANGE_OF_ONE: "entry {0}", "条目 {0}";

    // The start.
    HOME_TITLE: "Log {0}", "日志 {0}";
    LEAD_STATEMENTS: "A transparency log for manufacturing evidence. Each entry is one signed statement of a source, for example an inspection machine. It commits to reports without showing them: no names of products, no serial numbers, no verdicts. Entries can be added, and never changed or removed without that being seen.",
        "制造证据的透明日志。每个条目都是某个来源（例如一台检测设备）签名的声明。声明对报告作出承诺，但不显示其内容：没有产品名称、序列号或检测结论。条目只能追加；任何修改或删除都会被发现。";
    LEAD_ANY: "A transparency log that takes any bytes. What they mean, this log does not know. Entries can be added, and never changed or removed without that being seen.",
        "接收任意字节的透明日志。日志并不知道其含义。条目只能追加；任何修改或删除都会被发现。";
    HEAD: "Tree head", "树头";
    HEAD_HELP: "What the log has signed last. This one hash stands for every entry below it.", "日志最近签名的状态。这一个哈希代表其下的全部条目。";
    NOT_PUBLISHED: "Nothing is published yet: the witnesses have not cosigned the first head.", "尚未发布任何内容：见证者还没有联署第一个树头。";
    STOPPED: "This log has stopped by itself and takes no entries. What it published stays true.", "本日志已自行停止，不再接收条目。已发布的内容仍然有效。";
    BEHIND: "{0} more entries are stored and not published yet.", "另有 {0} 个条目已存储，尚未发布。";
    ORIGIN: "Origin", "日志名称";
    SIZE: "Size", "大小";
    ENTRIES: "{0} entries", "{0} 个条目";
    ROOT: "Root hash", "根哈希";
    SIGNED: "Signed", "签名时间";
    SIGNED_UNKNOWN: "its signature names no time", "签名中没有时间";
    PUBLISHED: "Published", "发布时间";
    PUBLISHED_BEFORE: "before this server started", "在本服务器启动之前";
    NOTE: "Signed note", "已签名的文本";
    SIGNATURES: "Signatures", "签名";
    SIGNER: "Signer", "签名方";
    ROLE: "Role", "角色";
    KIND: "Type", "类型";
    KEY_ID: "Key ID", "密钥编号";
    TIME: "Time in the signature", "签名中的时间";
    NO_TIME: "none", "无";
    ROLE_LOG: "the log", "日志";
    ROLE_WITNESS: "a witness", "见证者";
    ROLE_UNKNOWN: "key not known here", "此处未知的密钥";
    KIND_NOTE: "Ed25519", "Ed25519";
    KIND_COSIGNATURE: "Ed25519 cosignature", "Ed25519 联署";
    KIND_ML_DSA: "ML-DSA-44 (post-quantum)", "ML-DSA-44（抗量子）";
    KIND_UNKNOWN: "unknown", "未知";
    WITNESSES: "Witnesses", "见证者";
    WITNESSES_HELP: "Independent parties who have compared each new head with the one before. The log publishes nothing without their quorum.", "独立的各方，把每个新树头与之前的进行比较。没有达到法定数量的联署，日志不发布任何内容。";
    NO_WITNESSES: "This log publishes on its own signature: no witness has to see it first. A reader's own policy may still ask for witnesses.", "本日志仅凭自己的签名发布，不需要见证者先行查看。读者自己的策略仍可要求见证者。";
    QUORUM_MISSING: "The head of {0} entries has waited {1} for its quorum. Nothing newer is published until it has it.", "大小为 {0} 的树头已等待法定联署 {1}。在此之前不会发布更新的内容。";
    WITNESS: "Witness", "见证者";
    SEEN_SIZE: "Has cosigned", "已联署到";
    BEHIND_ENTRIES: "Entries behind", "落后条目";
    BEHIND_SECONDS: "Seconds behind", "落后秒数";
    LAST_SIGNED: "Last cosigned", "最近联署";
    STATE: "State", "状态";
    NEVER: "not since this server started", "本服务器启动以来没有";
    STATE_GOOD: "in step", "同步";
    STATE_BEHIND: "behind", "落后";
    STATE_UNHEARD: "not heard of yet", "尚无消息";
    STATE_CARRIED: "carried by file", "由文件传递";
    TROUBLE_BUSY: "asks for patience", "繁忙，请求稍候";
    TROUBLE_CLOCK: "its clock and this log's differ", "其时钟与本日志不一致";
    TROUBLE_REACH: "cannot be reached", "无法连接";
    TROUBLE_CONTRADICTS: "says that this log has another history", "声称本日志有另一段历史";
    TROUBLE_KEY: "signs with another key than expected", "使用了预期之外的密钥";
    TROUBLE_REFUSES: "does not accept this log", "不接受本日志";
    TROUBLE_ANSWER: "answers what cannot be used", "其回答无法使用";
    TROUBLE_LATE: "did not answer in time", "未及时回答";
    GROWTH: "Growth", "增长";
    GROWTH_SINCE: "Published entries, as this server has noted them since {0}. Entries carry no times themselves.", "已发布条目数，由本服务器自 {0} 起记录。条目本身不带时间。";
    GROWTH_NONE: "Nothing is noted yet.", "尚无记录。";
    GROWTH_LABEL: "Published entries from {0} at {1} to {2} at {3}", "已发布条目：{1} 为 {0}，{3} 为 {2}";
    GROWN: "{0} entries more in the last {1}", "最近 {1}增加 {0} 个条目";
    OVER: "Show", "显示";
    OVER_DAY: "a day", "一天";
    OVER_MONTH: "a month", "一个月";
    OVER_ALL: "all", "全部";
    NEWEST: "Newest entries", "最新条目";
    NONE_YET: "The log is empty.", "日志为空。";
    KEYS: "Keys of this log", "本日志的密钥";
    KEYS_HELP: "Learn these from the operator as well, by another way: a page can show any key.", "请另通过其他途径向运营方核实：网页可以显示任何密钥。";
    CHECK_YOURSELF: "Check for yourself", "自行核验";
    CHECK_HELP: "A receipt, a bundle and your own policy are all that a verdict needs. Nothing has to be asked of this log.", "只需回执、证据包和您自己的策略即可得出结论，无需询问本日志。";
    VERIFY_HERE: "Open the verifier in the browser", "在浏览器中打开验证器";
    VERIFY_SUM: "It is one file that sends nothing. This copy has the SHA-256 below. Compare it with that of the release, or use the release's file itself.", "它是一个不发送任何数据的文件。此副本的 SHA-256 如下。请与发布文件的值比较，或直接使用发布的文件。";
    VERIFY_ABSENT: "How to get the verifier", "如何获取验证器";

    // An entry.
    ENTRY_TITLE: "Entry {0}", "条目 {0}";
    ENTRY_LEAD: "Entry {0} of {1}, counted from 0.", "第 {0} 号条目，共 {1} 个，从 0 起编号。";
    PREVIOUS_ENTRY: "Previous entry", "上一条目";
    NEXT_ENTRY: "Next entry", "下一条目";
    PREVIOUS_STATEMENT: "Previous of this source", "该来源的上一条";
    NEXT_STATEMENT: "Next of this source", "该来源的下一条";
    STATEMENT: "Statement", "声明";
    STATEMENT_HELP: "All that the log holds of it. The signature was checked when it was taken.", "日志所持有的全部内容。签名在接收时已经核验。";
    SUCCESSION: "Succession", "接续声明";
    SUCCESSION_HELP: "This log goes on for another one, which has ended. It begins with why, and with the last checkpoint of that log.", "本日志接续另一个已终止的日志。其首条写明原因，并附该日志最后的检查点。";
    OPAQUE: "Bytes", "字节";
    OPAQUE_HELP: "This log takes any bytes and does not know what they mean. They are shown as hexadecimal digits.", "本日志接收任意字节，并不知道其含义。以下以十六进制显示。";
    OPAQUE_MORE: "{0} more bytes are not shown.", "另有 {0} 个字节未显示。";
    BYTES: "{0} bytes", "{0} 字节";
    LEAF: "Leaf hash", "叶哈希";
    IN_BASE64: "the same in base64", "同一值的 base64 形式";
    SOURCE: "Source", "来源";
    SEQUENCE: "Sequence", "序列号";
    PREVIOUS: "Previous", "前一声明";
    PREVIOUS_NONE: "none: this is the source's first statement", "无：这是该来源的第一条声明";
    AFTER: "After", "在此之后";
    AFTER_TREE: "the tree of {0} entries with root {1}", "大小为 {0}、根为 {1} 的树";
    AFTER_NONE: "nothing: the source had no checkpoint yet", "无：该来源当时还没有检查点";
    AFTER_NOTE: "SHA-256 of that cosigned note: {0}", "该联署文本的 SHA-256：{0}";
    BATCH: "Batch commitment", "批次承诺";
    SIGNATURE: "Signature", "签名";
    SIGNATURE_BY: "Ed25519 by {0}, key {1}", "{0} 的 Ed25519 签名，密钥 {1}";
    AS_STORED: "As it is stored", "存储的原文";
    DOWNLOADS: "Files", "文件";
    RECEIPT: "Receipt of this entry (.tlog-proof)", "本条目的回执（.tlog-proof）";
    BUNDLE: "Bundle of up to 256 entries with this one", "包含本条目的数据块（最多 256 个条目）";
    PROOF: "Proof that it is in the log", "证明它在日志中";
    PROOF_HELP: "From the entry to the signed root in {0} steps. Each step hashes what is known so far with one hash of the proof, which stands for other entries. Whoever gets the same root from the same bytes knows that this entry is in that tree at this place.",
        "从条目到已签名的根共 {0} 步。每一步把目前得到的值与证明中的一个哈希（代表其他条目）合并。由相同字节得到相同的根，就知道该条目在树中的这个位置。";
    PROOF_ALONE: "The log has one entry, so its leaf hash is the root.", "日志只有一个条目，其叶哈希就是根。";
    PROOF_LABEL: "The way from entry {0} to the root of {1} entries in {2} steps; the table below says the same", "从条目 {0} 到大小为 {1} 的树根，共 {2} 步；下表内容相同";
    STEP: "Step", "步骤";
    FORMULA: "What is computed", "计算";
    GIVEN: "Given by the proof", "由证明给出";
    RESULT: "Result", "结果";
    LEAF_FORMULA: "SHA-256(00 ‖ entry)", "SHA-256(00 ‖ 条目)";
    LEFT_FORMULA: "SHA-256(01 ‖ given ‖ result of {0})", "SHA-256(01 ‖ 给出的值 ‖ 第 {0} 步的结果)";
    RIGHT_FORMULA: "SHA-256(01 ‖ result of {0} ‖ given)", "SHA-256(01 ‖ 第 {0} 步的结果 ‖ 给出的值)";
    REACHED: "The last result is the root that the log has signed: {0} entries, {1}.", "最后的结果就是日志已签名的根：{0} 个条目，{1}。";
    SIGNED_BY: "Signed by {0}.", "签名方：{0}。";
    SIGNED_ROOT: "signed root", "已签名的根";
    START_LEAF: "leaf", "叶";

    // A source.
    SOURCE_TITLE: "Source {0}", "来源 {0}";
    SOURCE_LEAD: "The chain of statements of one source, the newest first. Each names the one before by its leaf hash, so that none can be taken out or put in between.", "一个来源的声明链，最新的在前。每条声明都以叶哈希指明前一条，因此无法抽走或插入。";
    SOURCE_COUNT: "{0} statements are published; the newest has sequence {1}.", "已发布 {0} 条声明；最新的序列号为 {1}。";
    ENTRY: "Entry", "条目";
    PREVIOUS_HASH: "Previous statement's leaf hash", "前一声明的叶哈希";
    AFTER_SIZE: "After tree of", "在树大小之后";
    NEWER: "Newer", "较新";
    OLDER: "Older", "较旧";
    OLDEST: "Oldest", "最旧";
    NEWEST_FIRST: "Newest", "最新";

    // What goes wrong.
    NO_PAGE: "There is no such page", "没有这个页面";
    NO_PAGE_HELP: "The log has a start page, a page for each entry and one for each source.", "日志有首页、每个条目的页面和每个来源的页面。";
    ADDRESS: "This address is not spelled as this log spells it", "该地址的写法不符合本日志的规定";
    ADDRESS_HELP: "Numbers have no leading zeros and no signs, and a page takes only the parameters that it knows. Each page has one address.", "数字不带前导零和符号，页面只接受它认识的参数。每个页面只有一个地址。";
    BEYOND: "The log has not published this entry", "日志尚未发布该条目";
    BEYOND_HELP: "Published are {0} entries, numbered from 0. An entry that was just added follows within moments.", "已发布 {0} 个条目，从 0 起编号。刚刚加入的条目很快就会发布。";
    NO_SOURCE: "No published statement has this source", "没有该来源的已发布声明";
    NO_SOURCE_HELP: "The name has to be written exactly as in its statements. A source without a statement is not shown.", "名称必须与其声明中的写法完全一致。没有声明的来源不显示。";
    NO_LEAF: "No published entry has this leaf hash", "没有已发布的条目具有该叶哈希";
    NO_LEAF_HELP: "The leaf hash of a statement's file is what this prints: (printf '\\0'; cat FILE) | sha256sum", "声明文件的叶哈希可由此命令得到：(printf '\\0'; cat FILE) | sha256sum";
    NOT_FOUND_BY: "That is neither an index, nor a leaf hash, nor a name", "这既不是序号，也不是叶哈希，也不是名称";
    NOT_FOUND_BY_HELP: "An index is a decimal number without leading zeros. A leaf hash has 64 hexadecimal digits, or 44 letters of base64. A source's name has no spaces and no plus signs.", "序号是不带前导零的十进制数。叶哈希为 64 位十六进制数字或 44 个 base64 字符。来源名称不含空格和加号。";
    INDEX_BUSY: "The log is making its index again", "日志正在重建索引";
    INDEX_BUSY_HELP: "Entries can be read by their number meanwhile. Try again in a few seconds.", "在此期间可按序号读取条目。请几秒后再试。";
    DAMAGED: "What is stored here is damaged", "此处存储的数据已损坏";
    DAMAGED_HELP: "The log's operator has been told in its own records. Other pages may still be right.", "已记入日志运营方的记录。其他页面可能仍然正确。";
    STORE_AWAY: "What is stored cannot be reached at the moment", "目前无法访问存储的数据";
    STORE_AWAY_HELP: "The log goes on and loses nothing. Try again in a few seconds.", "日志继续运行，不会丢失数据。请几秒后再试。";
    NO_VERIFIER: "This log does not serve the verifier", "本日志不提供验证器页面";
    NO_VERIFIER_HELP: "The verifier in a browser is one file, fiducial-verify.html, which comes with every release of Fiducial beside its SHA-256. Download it, compare its hash and open it from your disk: it works without a network and sends nothing. An operator serves it here with: fiducial-log serve --verify-page FILE", "浏览器验证器是一个文件 fiducial-verify.html，随 Fiducial 的每个版本连同其 SHA-256 一起发布。下载后比较哈希值，从磁盘打开即可：无需网络，不发送任何数据。运营方可用以下命令在此提供：fiducial-log serve --verify-page FILE";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_have_the_same_places() {
        let places = |text: &str| {
            let mut found: Vec<&str> =
                text.split('{').skip(1).filter_map(|part| part.split('}').next()).collect();
            found.sort_unstable();
            found.iter().map(|place| (*place).to_owned()).collect::<Vec<_>>()
        };
        for (name, word) in ALL {
            assert_eq!(places(word.en), places(word.zh), "{name}");
            assert!(!word.en.is_empty() && !word.zh.is_empty(), "{name}");
            let chinese = |letter: char| ('\u{4e00}'..='\u{9fff}').contains(&letter);
            assert!(!word.en.chars().any(chinese), "{name}");
        }
    }
}
