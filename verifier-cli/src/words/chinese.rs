//! What other parts say of a fault, in Chinese: the errors of `spec`, of the log's reader and of the
//! system. Their English is the key, with `{}` for each value.
//!
//! A value may be an error itself and is looked up too. What is not known here stays as it is and is
//! marked as quoted, so that nobody takes it for ours. A test holds the table against the sources of
//! `spec`: an error that is added there without its Chinese fails it.

/// English texts and what they are in Chinese, with as many values in the same order.
const TEXTS: &[(&str, &str)] = &[
    // Encodings.
    ("not canonical base64", "不是规范的 base64"),
    ("not a canonical decimal number", "不是规范的十进制数"),
    ("not lower-case hexadecimal of the expected length", "不是所需长度的小写十六进制"),
    ("{} bytes where {} are expected", "有 {} 字节，应为 {} 字节"),
    ("the number does not fit in 64 bits", "该数超出 64 位"),
    ("line {}: not the base64 of a hash", "第 {} 行：不是哈希的 base64"),
    ("{}; 64 hex digits or base64", "{}；应为 64 位十六进制或 base64"),
    // Keys.
    ("the key is not canonical base64", "密钥不是规范的 base64"),
    ("the key ID is {}, but name and key give {}", "密钥 ID 为 {}，而由名称和密钥得出的是 {}"),
    ("a key of {} bytes where its type has {}", "密钥有 {} 字节，而该类型应有 {} 字节"),
    (
        "not of the form <name>+<8 hex digits>+<base64>",
        "不合格式：应为 <名称>+<8 位十六进制>+<base64>",
    ),
    (
        "a key name is 1 to 255 bytes without spaces, plus signs or control characters",
        "密钥名称为 1 至 255 字节，不含空格、加号和控制字符",
    ),
    (
        "this is a private key: keep it where it was, and give its verifier key",
        "这是私钥：请将其留在原处，改给出对应的验证密钥",
    ),
    ("the Ed25519 public key is invalid or of small order", "该 Ed25519 公钥无效或属于小阶点"),
    ("signature type 0x{} is not supported here", "此处不支持签名类型 0x{}"),
    ("there is no verifier key in it", "其中没有验证密钥"),
    ("there are more than {} verifier keys in it", "其中的验证密钥超过 {} 把"),
    ("line {}: {}", "第 {} 行：{}"),
    // Notes, signatures, checkpoints.
    ("the note holds a control character", "签名文本含有控制字符"),
    ("no empty line followed by signature lines", "没有空行及其后的签名行"),
    ("signature line {} is malformed", "第 {} 个签名行格式有误"),
    ("the note has {} bytes; at most {} are read", "签名文本有 {} 字节，最多读取 {} 字节"),
    ("the note has more than {} signatures", "签名文本的签名超过 {} 个"),
    ("the note is not valid UTF-8", "签名文本不是有效的 UTF-8"),
    ("a signature line names the key but does not verify", "签名行指明该密钥，但验证失败"),
    ("no signature by the key", "没有该密钥的签名"),
    ("the key is not of the type that signs this", "该密钥的类型不用于此类签名"),
    ("no cosignature by the key", "没有该密钥的联署"),
    ("the key is not of a cosignature type (0x04 or 0x06)", "该密钥不是联署类型（0x04 或 0x06）"),
    ("the timestamp is beyond 2^63 - 1", "时间超出 2^63 - 1"),
    (
        "the timestamp is 0, which states no time and never counts",
        "时间为 0，等于没有写时间，不计入",
    ),
    ("an extension line is empty, or there are more than {}", "扩展行为空，或超过 {} 行"),
    (
        "a checkpoint has at least three lines, each with its line break",
        "检查点至少有三行，每行都以换行结束",
    ),
    (
        "the origin is empty, longer than {} bytes or holds a control character",
        "日志名为空、超过 {} 字节或含有控制字符",
    ),
    (
        "the root hash is malformed, or not the empty tree's at size 0",
        "根哈希格式有误，或在大小为 0 时不是空树的根",
    ),
    ("the tree size is not a canonical decimal", "树的大小不是规范的十进制数"),
    ("the note is not a checkpoint: {}", "该签名文本不是检查点：{}"),
    // Receipts.
    ("the note in the proof is not a checkpoint: {}", "回执中的签名文本不是检查点：{}"),
    (
        "the extra line is not 1 to {} bytes of canonical base64",
        "extra 行不是 1 至 {} 字节的规范 base64",
    ),
    ("hash {} of the path is malformed", "路径的第 {} 个哈希格式有误"),
    ("the first line is not {}", "首行不是 {}"),
    (
        "no line \"index <canonical decimal>\" where one must be",
        "应有的 \"index <规范的十进制数>\" 行缺失",
    ),
    ("the checkpoint in the proof is malformed: {}", "回执中的检查点格式有误：{}"),
    ("no empty line followed by a checkpoint", "没有空行及其后的检查点"),
    ("the proof has {} bytes; at most {} are read", "回执有 {} 字节，最多读取 {} 字节"),
    ("the path has more than {} hashes", "路径的哈希超过 {} 个"),
    ("the proof is not valid UTF-8", "回执不是有效的 UTF-8"),
    ("the checkpoint is not accepted: {}", "检查点不被接受：{}"),
    // Trees.
    ("index {} is beyond a tree of {} entries", "序号 {} 超出 {} 条的树"),
    (
        "the inclusion proof has {} hashes where index and size require {}",
        "包含证明有 {} 个哈希，而序号与大小要求 {} 个",
    ),
    ("the inclusion proof leads to another root ({})", "包含证明得出另一个根（{}）"),
    (
        "the consistency proof leads to another root for the newer tree",
        "一致性证明对新树得出另一个根",
    ),
    (
        "the consistency proof leads to another root for the older tree",
        "一致性证明对旧树得出另一个根",
    ),
    (
        "the consistency proof has {} hashes where the sizes require {}",
        "一致性证明有 {} 个哈希，而两个大小要求 {} 个",
    ),
    ("two different roots for the same size", "同一大小却有两个不同的根"),
    ("the tree shrank from {} to {} entries", "树由 {} 条缩减为 {} 条"),
    // Policies.
    ("policy line {}: {}", "策略第 {} 行：{}"),
    (
        "octet 0x{} is not allowed (a line ends in a newline alone)",
        "不允许的字节 0x{}（行末只有一个换行符）",
    ),
    (
        "two members of this group hold keys named {}; keys of one name are one witness: put them \
         into a group of their own with \"any\"",
        "该组有两个成员的密钥同名 {}；同名的密钥是同一见证者：请用 \"any\" 将其另立一组",
    ),
    ("the same key as on line {}", "与第 {} 行是同一把密钥"),
    ("the name {} is already taken", "名称 {} 已被使用"),
    ("expected: {}", "应为：{}"),
    ("the key is refused: {}", "密钥被拒：{}"),
    ("a key of type 0x{} cannot be used here: {}", "此处不能用类型 0x{} 的密钥：{}"),
    (
        "a line begins with log, witness, group, quorum or #",
        "每行以 log、witness、group、quorum 或 # 开头",
    ),
    (
        "the key or its name is also a log's on line {}: a log is not its own witness",
        "该密钥或其名称也是第 {} 行日志的：日志不是自己的见证者",
    ),
    (
        "{} is already a member of a group; each name can be listed once",
        "{} 已是某组的成员；每个名称只能列一次",
    ),
    ("the last line lacks its line break", "最后一行没有换行"),
    (
        "the policy has no quorum line (\"quorum none\" asks for no witness at all)",
        "策略没有 quorum 行（\"quorum none\" 表示不要求见证者）",
    ),
    ("there is already a quorum line, on line {}", "第 {} 行已有 quorum 行"),
    (
        "the threshold is \"any\", \"all\" or a number from 1 to {}",
        "门限为 \"any\"、\"all\" 或 1 至 {} 的数",
    ),
    ("the policy has {} bytes; at most {} are read", "策略有 {} 字节，最多读取 {} 字节"),
    ("more than {} {} lines", "超过 {} 个 {} 行"),
    ("no witness or group named {} is defined above", "其上没有名为 {} 的见证者或组"),
    (
        "{} signature line(s) of known keys do not verify, first {}",
        "已知密钥的签名行有 {} 个验证失败，首个为 {}",
    ),
    ("no signature by a listed key of the log {}", "没有策略所列的日志 {} 密钥的签名"),
    ("the policy lists no log named {}", "策略中没有名为 {} 的日志"),
    ("the quorum {} is not met; not counted: {}", "未达到法定数 {}；未计入：{}"),
    // What an editor has left in a policy or in pins.
    ("it is text in UTF-16; save it as UTF-8", "文件是 UTF-16 文本；请存为 UTF-8"),
    // Pins.
    (
        "line {}: a source has 1 to {} Ed25519 keys of its own name, no two with the same key ID",
        "第 {} 行：每个来源须有 1 至 {} 把与其同名的 Ed25519 密钥，且密钥 ID 互不相同",
    ),
    ("line {}: `{}` is due here and well formed", "第 {} 行：此处应为格式正确的 `{}`"),
    (
        "line {}: sources come in ascending order, none twice",
        "第 {} 行：来源须按升序排列，不得重复",
    ),
    (
        "the pins have {} bytes; at most {} are read",
        "信任锚点文件（pins）有 {} 字节，最多读取 {} 字节",
    ),
    ("more than {} sources", "来源超过 {} 个"),
    (
        "the pins are text in UTF-8 whose last line ends too",
        "信任锚点文件（pins）须为 UTF-8 文本，且最后一行也须换行",
    ),
    // Statements.
    (
        "`after 0` goes with the empty root and a zero note hash, any other size with neither",
        "`after 0` 须与空树的根和全零的签名文本哈希同用，其他大小则不可",
    ),
    ("the first line is not `{}`", "首行不是 `{}`"),
    ("the line `{}` is missing, out of place or malformed", "`{}` 行缺失、错位或格式有误"),
    ("the statement is not in its one canonical spelling", "声明不是其唯一的规范写法"),
    (
        "`sequence 0` goes with 32 zero bytes as `previous`, any other sequence does not",
        "`sequence 0` 的 `previous` 须为 32 个零字节，其他声明号则不可",
    ),
    (
        "a statement has exactly one Ed25519 signature line, by the name in its `source` line",
        "声明须恰有一个 Ed25519 签名行，其名称与 `source` 行相同",
    ),
    ("the statement has {} bytes; at most {} are read", "声明有 {} 字节，最多读取 {} 字节"),
    ("lines follow the `batch` line", "`batch` 行之后还有其他行"),
    // Disclosures.
    (
        "what is opened gives the batch commitment {}, not the statement's",
        "由所披露的内容得出批次承诺 {}，与声明不符",
    ),
    (
        "record {}: {} fields, where its kind has at least {} and at most {}",
        "第 {} 号记录有 {} 个字段，而该类型应有 {} 至 {} 个",
    ),
    ("record {}, its fields: {}", "第 {} 号记录的字段：{}"),
    ("the member `format` is not `{}`", "成员 `format` 不是 `{}`"),
    ("the header is malformed: {}", "批次头格式有误：{}"),
    ("line {}, column {}: {}", "第 {} 行第 {} 列：{}"),
    (
        "record {}: field 0 is not an opened `kind` of a known name",
        "第 {} 号记录：第 0 个字段不是已披露的已知类型 `kind`",
    ),
    ("the member `{}` is malformed", "成员 `{}` 格式有误"),
    (
        "record {}, field {}: the name does not belong at this position",
        "第 {} 号记录的第 {} 个字段：名称不属于该位置",
    ),
    ("not everything is opened", "并非全部披露"),
    (
        "the disclosure belongs to another statement: log, source or sequence differ",
        "披露文件属于另一份声明：日志、来源或声明号不同",
    ),
    ("the records: {}", "记录：{}"),
    ("the disclosure has {} bytes; at most {} are read", "披露文件有 {} 字节，最多读取 {} 字节"),
    ("{} records, where a batch has at most {}", "有 {} 条记录，而批次最多有 {} 条"),
    ("a multi-proof shows at least one leaf", "多重证明至少出示一个叶"),
    ("index {} lies beyond a tree of {}", "序号 {} 超出大小为 {} 的树"),
    ("index {} does not come after the one before it", "序号 {} 不在前一个之后"),
    ("the multi-proof has {} hashes where {} are required", "多重证明有 {} 个哈希，应为 {} 个"),
    ("the header names {} records, but {} follow it", "批次头写明 {} 条记录，其后却有 {} 条"),
    (
        "record {}: a header is record 0 of a batch, and only that",
        "第 {} 号记录：批次头是第 0 号记录，且仅此一条",
    ),
    (
        "{} records with the header, where a batch has at most {}",
        "连批次头有 {} 条记录，而批次最多有 {} 条",
    ),
    // Bundles.
    ("part {}", "第 {} 个部分"),
    ("{}: its bytes are damaged (its checksum does not fit)", "{}：其字节已损坏（校验和不符）"),
    ("the last {} bytes are no end record of a bundle", "最后 {} 个字节不是证据包的结尾记录"),
    ("{}: its headers are not written as a bundle's are", "{}：其文件头不是证据包的写法"),
    ("{}: it does not lie directly behind the one before", "{}：没有紧接在前一部分之后"),
    (
        "{}: the statement before it is not there; a range has all of them",
        "{}：缺少其前一号声明；区间须含全部声明",
    ),
    ("{}: the evidence has the SHA-256 {}", "{}：该证据的 SHA-256 是 {}"),
    ("{} does not list the parts as they are: line {}", "{} 所列与实际的部分不符：第 {} 行"),
    ("{}: the statement is of another log than the first", "{}：该声明与第一条不属于同一日志"),
    ("{}: the statement is statement {} of {}", "{}：该声明的声明号为 {}，来源为 {}"),
    ("part {}: no part may be called {} at this place", "第 {} 个部分：此处不能有名为 {} 的部分"),
    ("{}: {} bytes, where at most {} are read", "{}：有 {} 字节，最多读取 {} 字节"),
    ("{} parts, where a bundle has at most {}", "有 {} 个部分，而证据包最多有 {} 个"),
    ("{}: the statement is there twice", "{}：该声明出现了两次"),
    ("base64 hashes", "应为 base64 哈希"),
    // Challenges.
    (
        "{} picks of {} records; there are 1 to {}, and no more than records",
        "抽取 {} 条，而记录有 {} 条；应抽取 1 至 {} 条，且不多于记录数",
    ),
    (
        "line {} of the challenge is missing, out of place or malformed",
        "质询第 {} 行缺失、错位或格式有误",
    ),
    ("the challenge has {} bytes; at most {} are read", "质询有 {} 字节，最多读取 {} 字节"),
    // Successions.
    ("the old log's checkpoint is malformed: {}", "旧日志的检查点格式有误：{}"),
    ("the enclosed note is no checkpoint: {}", "所附签名文本不是检查点：{}"),
    (
        "the old log is the new one: a log that goes on needs no successor",
        "旧日志与新日志相同：继续运行的日志无需接续",
    ),
    (
        "a succession is signed by the new log, then by the old one if its key is still held",
        "接续声明由新日志签署，若仍持有旧日志的密钥，则其后再由旧日志签署",
    ),
    (
        "the succession has {} bytes; an entry has at most {}",
        "接续声明有 {} 字节，而条目最多 {} 字节",
    ),
    (
        "the reason is one line of 1 to {} bytes, without control characters and without spaces around it",
        "原因为一行，1 至 {} 字节，不含控制字符，首尾无空格",
    ),
    // Evidence of a split.
    ("a note in the file is not a checkpoint: {}", "文件中有签名文本不是检查点：{}"),
    ("hash {} is malformed", "第 {} 个哈希格式有误"),
    ("a note in the file is malformed: {}", "文件中有签名文本格式有误：{}"),
    (
        "the first checkpoint has {} entries, the second only {}",
        "第一个检查点有 {} 条，第二个只有 {} 条",
    ),
    (
        "not hashes and two signed checkpoints, with one empty line between all parts",
        "不是以空行相隔的哈希和两个签名的检查点",
    ),
    ("the file has {} bytes; at most {} are read", "文件有 {} 字节，最多读取 {} 字节"),
    ("more than {} hashes", "哈希超过 {} 个"),
    ("the file is not valid UTF-8", "文件不是有效的 UTF-8"),
    ("a line of the log {} does not verify", "日志 {} 的签名行验证失败"),
    ("no given key of the log {} has signed", "所给的日志 {} 密钥均未签名"),
    ("no key of a log named {} was given", "没有给出名为 {} 的日志的密钥"),
    (
        "the checkpoints do not contradict each other: the newer continues the older",
        "两个检查点并不矛盾：新的延续旧的",
    ),
    ("the newer checkpoint: {}", "新检查点：{}"),
    (
        "sizes {} and {}, and nothing that ties their roots: both can be true",
        "大小为 {} 和 {}，没有任何联系其根的内容：二者可同时为真",
    ),
    ("the older checkpoint: {}", "旧检查点：{}"),
    ("the checkpoints are of two logs, {} and {}", "两个检查点属于不同的日志：{} 和 {}"),
    (
        "the hashes do not lead to the root of the newer checkpoint, but to {}",
        "哈希得不出新检查点的根，得出的是 {}",
    ),
    ("there are {} hashes where the sizes require {}", "有 {} 个哈希，而两个大小要求 {} 个"),
    ("a tree of {} entries has no proper beginning of {}", "{} 条的树没有 {} 条的真开头"),
    // Lists of units.
    ("no unit is in it", "其中没有任何单元"),
    ("the file is not text in UTF-8, UTF-16 or GBK", "文件不是 UTF-8、UTF-16 或 GBK 文本"),
    (
        "line {}: no serial, and no panel to know the unit by: put its number in, add a column `panel`, or take the row out",
        "第 {} 行：没有序列号，也没有可据以识别该单元的拼板：请填入号码，加上拼板（panel）列，或删去该行",
    ),
    (
        "line {}: no serial, and a row above has the same panel: put the position of each board into a column `position`",
        "第 {} 行：没有序列号，而前面已有同一拼板的一行：请在位置（position）列中填入每块板的位置",
    ),
    ("more than {} units", "单元超过 {} 个"),
    (
        "line {}: no header, of which these are known: serial, panel, position, lot",
        "第 {} 行：没有表头；可识别的列名为：序列号（serial）、拼板（panel）、位置（position）、批次（lot）",
    ),
    ("line {}: a quote inside of a cell", "第 {} 行：单元格中间有引号"),
    ("line {}: a quote that is not closed", "第 {} 行：引号没有闭合"),
    ("line {}: a control character", "第 {} 行：含控制字符"),
    ("line {}: a cell of more than {} bytes", "第 {} 行：单元格超过 {} 字节"),
    (
        "it has to hold 64 hexadecimal digits on one line, and nothing else",
        "应只含一行 64 位十六进制数字",
    ),
    // The log's files and addresses.
    ("{} is not there", "没有 {}"),
    ("{} has more than {} bytes", "{} 超过 {} 字节"),
    ("{} is malformed", "{} 格式有误"),
    ("HTTP status {}", "HTTP 状态码 {}"),
    // The system.
    ("No such file or directory", "文件或文件夹不存在"),
    ("Permission denied", "没有权限"),
    ("Is a directory", "这是文件夹"),
    ("Not a directory", "不是文件夹"),
    ("No space left on device", "磁盘空间不足"),
    ("Read-only file system", "文件系统只读"),
    ("Connection refused", "连接被拒绝"),
    ("Connection reset by peer", "连接被对方重置"),
    ("Input/output error", "读写出错"),
    ("{} (os error {})", "{}（系统错误 {}）"),
    ("io: {}", "读写：{}"),
    ("stream did not contain valid UTF-8", "不是有效的 UTF-8"),
    ("no table [parties]", "没有 [parties] 表"),
    ("{} is not known", "不认识 {}"),
    ("{}: a name is a text", "{}：名称须为文本"),
    ("{}: not a list of names", "{}：不是名称列表"),
    ("the last line break is missing", "缺少最后的换行"),
    ("{}: no signatures", "{}：没有签名"),
    ("{} is unknown or there twice", "不认识 {}，或重复出现"),
    ("line {}", "第 {} 行"),
    ("{} is not in {}", "{} 不在 {} 之内"),
    ("invalid digit found in string", "不是十进制数"),
    ("cannot parse integer from empty string", "缺少数字"),
    ("number too large to fit in target type", "数字过大"),
    ("no checkpoint of the log", "没有日志的检查点"),
    ("checkpoints of two logs", "检查点属于两个日志"),
    ("no certificate in PEM", "没有 PEM 格式的证书"),
    ("{}: {}", "{}：{}"),
];

/// How deep errors stand in one another, at most: what comes from outside cannot make this longer.
const MAX_DEPTH: usize = 6;

/// An error's text in Chinese; what is not known is quoted as it is.
pub(crate) fn chinese(english: &str) -> String {
    known(english, 0).unwrap_or_else(|| format!("（原文）{english}"))
}

fn known(english: &str, depth: usize) -> Option<String> {
    if depth == MAX_DEPTH {
        return None;
    }
    // The text that says the most wins: `{}: {}` would else take what a longer one explains.
    let literal = |text: &str| text.len() - 2 * text.matches("{}").count();
    let fitting = TEXTS.iter().filter_map(|(text, chinese)| {
        values(text, english).map(|values| (literal(text), values, *chinese))
    });
    let (_, values, chinese) = fitting.max_by_key(|(literal, ..)| *literal)?;
    let mut said = String::new();
    let mut values = values.into_iter();
    for (at, piece) in chinese.split("{}").enumerate() {
        if at > 0 {
            let value = values.next().unwrap_or_default();
            said.push_str(&known(value, depth + 1).unwrap_or_else(|| value.to_string()));
        }
        said.push_str(piece);
    }
    Some(said)
}

/// The values of a text of this pattern, `None` if it is of another.
fn values<'a>(pattern: &str, text: &'a str) -> Option<Vec<&'a str>> {
    let mut pieces = pattern.split("{}");
    let mut rest = text.strip_prefix(pieces.next()?)?;
    let mut pieces: Vec<&str> = pieces.collect();
    let Some(last) = pieces.pop() else {
        return rest.is_empty().then(Vec::new);
    };
    let mut values = Vec::new();
    for piece in pieces {
        let (value, behind) = rest.split_once(piece)?;
        values.push(value);
        rest = behind;
    }
    values.push(rest.strip_suffix(last)?);
    values.iter().all(|value| !value.is_empty()).then_some(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn an_error_inside_an_error_is_said_in_chinese_as_well() {
        let cases = [
            ("No such file or directory (os error 2)", "文件或文件夹不存在（系统错误 2）"),
            (
                "policy line 3: the key is refused: the key is not canonical base64",
                "策略第 3 行：密钥被拒：密钥不是规范的 base64",
            ),
            (
                "the checkpoint in the proof is malformed: the note is not valid UTF-8",
                "回执中的检查点格式有误：签名文本不是有效的 UTF-8",
            ),
            (
                "the first line is not \"c2sp.org/tlog-proof@v1\"",
                "首行不是 \"c2sp.org/tlog-proof@v1\"",
            ),
            (
                "part 1: its headers are not written as a bundle's are",
                "第 1 个部分：其文件头不是证据包的写法",
            ),
            (
                "range/0/1.after: its bytes are damaged (its checksum does not fit)",
                "range/0/1.after：其字节已损坏（校验和不符）",
            ),
            ("evidence/ab: the evidence has the SHA-256 cd", "evidence/ab：该证据的 SHA-256 是 cd"),
            ("something new", "（原文）something new"),
        ];
        for (english, want) in cases {
            assert_eq!(chinese(english), want);
        }
    }

    #[test]
    fn what_nests_for_ever_ends() {
        let deep = "the key is refused: ".repeat(100_000);
        assert!(chinese(&deep).starts_with("密钥被拒："));
    }

    #[test]
    fn both_languages_have_the_same_number_of_values() {
        for (english, chinese) in TEXTS {
            assert_eq!(english.matches("{}").count(), chinese.matches("{}").count(), "{english}");
            assert!(!chinese.is_ascii(), "{english}");
        }
    }

    /// The rooms of `spec` whose errors this program shows.
    #[test]
    fn every_error_of_the_specification_has_its_chinese() {
        let spec = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/src");
        let mut count = 0;
        for file in [
            "bundle/mod.rs",
            "bundle/zip.rs",
            "checkpoint.rs",
            "cosignature.rs",
            "encoding.rs",
            "evidence/batch.rs",
            "evidence/challenge.rs",
            "evidence/multiproof.rs",
            "evidence/pins.rs",
            "evidence/statement.rs",
            "key.rs",
            "key/lines.rs",
            "note.rs",
            "policy/check.rs",
            "policy/parse.rs",
            "proof.rs",
            "split.rs",
            "succession.rs",
            "tree.rs",
        ] {
            for text in error_texts(&spec.join(file)) {
                assert!(TEXTS.iter().any(|(known, _)| *known == text), "{file}: {text:?}");
                count += 1;
            }
        }
        assert!(count > 90, "the sources were not read: {count}");
    }

    /// The texts in the `#[error("...")]` of a source, each place for a value as `{}`.
    fn error_texts(file: &Path) -> Vec<String> {
        let source = std::fs::read_to_string(file).unwrap();
        let mut texts = Vec::new();
        for behind in source.split("#[error(").skip(1) {
            // `transparent` says what its cause says.
            let Some(quoted) = behind.trim_start().strip_prefix('"') else {
                continue;
            };
            let (mut text, mut letters, mut in_place) = (String::new(), quoted.chars(), false);
            while let Some(letter) = letters.next() {
                match letter {
                    '"' => break,
                    // A line that goes on drops its break and the spaces behind it.
                    '\\' => match letters.next() {
                        Some('\n') => {
                            let rest = letters.as_str().trim_start();
                            letters = rest.chars();
                        }
                        other => text.extend(other),
                    },
                    '{' => {
                        in_place = true;
                        text.push_str("{}");
                    }
                    '}' => in_place = false,
                    other if !in_place => text.push(other),
                    _ => {}
                }
            }
            texts.push(text);
        }
        texts
    }
}
