/** What is said of evidence. Codes are those of `fiducial --json`; these sentences are for people. */

import type { Words } from "./language.ts";
import { LOOK } from "./look.ts";
import { LOOKED } from "./looked.ts";
import { MISTAKEN } from "./mistaken.ts";
import { OPEN } from "./open.ts";
import { RECEIVED } from "./received.ts";

export const VERDICTS: Readonly<Record<string, Words>> = {
  verified: { en: "VERIFIED", zh: "已验证" },
  rejected: { en: "REJECTED", zh: "不通过" },
  undecided: { en: "COULD NOT TELL", zh: "无法判定" },
  "not-in-order": { en: "NOT IN ORDER", zh: "有问题" },
};

/** The verdict in one plain sentence. */
export const MEANINGS: Readonly<Record<string, Words>> = {
  verified: {
    en: "Everything that was checked holds. Please also read what was not checked.",
    zh: "所检查的各项均成立。请同时阅读“未检查的内容”。",
  },
  "verified-boards": {
    en: "The evidence holds. That does not say that the boards are good.",
    zh: "证据成立；这不表示电路板合格。",
  },
  "verified-receipt": {
    en: "A receipt only: no report was compared.",
    zh: "只有回执：未比对任何报告。",
  },
  mistaken: {
    en: "Do not rely on this. Something was changed, or is another file: check first that you took the right one.",
    zh: "请勿采信。其中有内容被改动，或不是同一个文件：请先确认拿对了文件。",
  },
  repacked: {
    en: "Packed again, or changed: this cannot tell which. Ask for the original file.",
    zh: "可能被重新打包，也可能被改动：无法分辨。请索要原始文件。",
  },
  rejected: {
    en: "Do not rely on this. Something was changed, or does not belong together.",
    zh: "请勿采信。其中有内容被改动，或各部分互不相符。",
  },
  undecided: {
    en: "Nothing was decided, for or against anyone: something is missing or cannot be read.",
    zh: "没有作出任何结论，既不支持也不否定任何一方：有内容缺失或无法读取。",
  },
  "not-in-order": {
    en: "What was shown holds, and accuses nobody. Ask for what is missing before you rely on the whole.",
    zh: "所出示的内容成立，并不指控任何人。采信全部之前，请索取所缺的内容。",
  },
  damaged: {
    en: "Damaged on its way, or changed: this cannot tell which. Download or copy it again, or ask for the original file, and do not rely on it until then.",
    zh: "可能在传送途中损坏，也可能被改动：无法分辨。请重新下载或复制，或索要原始文件；在此之前请勿采信。",
  },
  misfit: {
    en: "This does not fit the policy, pins or keys that you put in. Check first that you took the right files. If you did, it is not what was agreed: of another log or source, or less confirmed, or with gaps. Do not rely on it then.",
    zh: "与您填入的策略、信任锚点（pins）或密钥不符。请先确认文件没有拿错。若没有拿错，则它不符合约定：来自其他日志或来源、确认不足或有缺口，此时请勿采信。",
  },
};

/** `own-sound`, where none of the units is missing. */
export const ALL_FOUND: Words = {
  en: "{1}: records (of any kind, not each an inspection) were found for all {3} of your units: {0}. Each of them is shown.",
  zh: "{1}：您的 {3} 个单元都找到了记录（任何种类，未必是检测），共 {0} 条，均已出示。",
};

/** Sentences by their code. */
export const SENTENCES: Readonly<Record<string, Words>> = {
  // Why something holds.
  included: {
    en: "It is entry {0} of the log: the path to the signed root and the signatures prove it.",
    zh: "它是日志的第 {0} 条：通往签名根的路径和各个签名都能证明。",
  },
  "file-vouched": {
    en: "{0} is, byte for byte, the file of record {1} ({2}).",
    zh: "{0} 与第 {1} 号记录（{2}）的文件逐字节相同。",
  },
  "after-holds": {
    en: "It was made after {0}: it names the checkpoint that was cosigned then, with the first {1} entries.",
    zh: "它作于 {0} 之后：它指明了当时联署的检查点，即最初的 {1} 条。",
  },
  "after-holds-untimed": {
    en: "It was made after the log had signed its first {0} entries: it names that checkpoint.",
    zh: "它作于日志签署最初 {0} 条之后：它指明了该检查点。",
  },
  "evidence-vouched": {
    en: "{0} files are here, unchanged since they were logged.",
    one: "{0} file is here, unchanged since it was logged.",
    zh: "{0} 个文件在此，自记入日志以来未改动。",
  },
  "own-named": { en: "Opened records name {0} of your {1} units.", zh: "已披露的记录写明了您 {1} 个单元中的 {0} 个。" },
  "own-not-inspected": {
    en: "No report of an inspection machine (AOI) is shown for {0} of your {1} units: {2}. Ask the maker for the missing reports; the delivery comparison (`fiducial reconcile`) judges that.",
    zh: "您的 {1} 个单元中有 {0} 个未出示检测机（AOI）的报告：{2}。请向工厂索取所缺的报告；由出货核对（`fiducial reconcile`）判定。",
  },
  "own-absent": {
    en: "{0} of your {1} units cannot be found in what was shown; what was shown holds, but not for them.",
    zh: "您的 {1} 个单元中有 {0} 个在所出示的内容中找不到；所出示的内容成立，但不涉及它们。",
  },
  "own-first-line": {
    en: "The first line of your list, {0}: it was taken for a header, and is in no record. If it is a unit, it is missing. Known headers are serial, panel, position, lot.",
    zh: "您清单的首行 {0}：已当作表头，任何记录中都没有它。若它是单元，则它缺失。可识别的表头为序列号（serial）、拼板（panel）、位置（position）、批次（lot）。",
  },
  "own-unnamed": {
    en: "NOT FOUND: your unit {0}: it was looked for, and no opened record names it.",
    zh: "未找到：您的单元 {0}：已查找，没有任何已披露的记录写明它。",
  },
  "own-without": {
    en: "NOT FOUND: {0}: your unit {1}: it was looked for, and no record carries a tag of it: another lot key, another spelling, or none was made.",
    zh: "未找到：{0}：您的单元 {1}：已查找，没有记录带有其标签：批次密钥不对、写法不同，或未作记录。",
  },
  "own-missing-more": { en: "NOT FOUND: {0} more of your units.", zh: "未找到：另有您的 {0} 个单元。" },
  "own-sound": {
    en: "{1}: records (of any kind, not each an inspection) were found for {2} of your {3} units: {0}. Each of them is shown.",
    zh: "{1}：您的 {3} 个单元中有 {2} 个找到了记录（任何种类，未必是检测），共 {0} 条，均已出示。",
  },
  "claimed-after-logged": {
    en: "CLAIMED TIMES THAT WERE STILL TO COME, on {0} records: up to {1} behind their logging: a clock is wrong, or the time is not true. The furthest:",
    zh: "所称时间尚未到来：{0} 条记录所称的时间晚于其记入日志的时间，最多晚 {1}：时钟有误，或所称时间不实。相距最远的：",
  },
  "logged-after-claim": {
    en: "The records of {0} statements were logged up to {1} after the times that their files say, by the witnesses' clocks. The last of them:",
    zh: "{0} 份声明的记录，按见证者时钟，最晚在文件自称的时间之后 {1}记入日志。最晚的：",
  },
  "sealed-after-claim": {
    en: "The records of {0} statements were sealed up to {1} after the times that their files say, by their source's own clock, which nobody has witnessed. The last of them:",
    zh: "{0} 份声明的记录，按来源自己的时钟（无人见证），最晚在文件自称的时间之后 {1}封入声明。最晚的：",
  },
  "at-record": { en: "{0}, statement {1}, record {2}", zh: "{0}，第 {1} 号声明第 {2} 号记录" },
  "range-sound": {
    en: "{0}: statements {1} to {2} are here without a gap: {3} statements with all of their {4} records.",
    zh: "{0}：第 {1} 至 {2} 号声明连续，没有缺号：共 {3} 份声明，连同其全部 {4} 条记录。",
  },
  "records-sound": {
    en: "{0}: statement {1} is entry {2} of the log, and {3} of its {4} records are opened.",
    zh: "{0}：第 {1} 号声明是日志的第 {2} 条，其 {4} 条记录中披露了 {3} 条。",
  },
  "split-proven": {
    en: "SPLIT PROVEN: the log {0} has signed two histories, of {1} and of {2} entries, that cannot both be true.",
    zh: "分叉成立：日志 {0} 签署了两段历史（{1} 条与 {2} 条），二者不可能同时为真。",
  },

  // Why evidence is rejected.
  "after-the-future": {
    en: "The statement says it was made after {0} entries, but it is entry {1} itself.",
    zh: "声明自称在 {0} 条之后作出，但它本身就是第 {1} 条。",
  },
  "after-other-note": {
    en: "{0} is not the checkpoint that the statement names: its SHA-256 is {1}, the statement says {2}.",
    zh: "{0} 不是声明所指明的检查点：其 SHA-256 为 {1}，声明所写为 {2}。",
  },
  "after-other-tree": {
    en: "{0} is of another tree than the statement says it follows.",
    zh: "{0} 与声明自称所继的树不同。",
  },
  "after-not-continued": {
    en: "The log of the receipt does not continue the tree that the statement follows.",
    zh: "回执所在的日志并非声明所继之树的延续。",
  },
  "bad-part": { en: "{0} in the bundle is not what its name says ({1}).", zh: "证据包中的 {0} 与其名称不符（{1}）。" },
  "bundle-altered": {
    en: "{0} was altered since it was made: {1}.",
    zh: "{0} 制成之后被改动过：{1}。",
  },
  "bundle-repacked": {
    en: "Mail programs and file managers pack again. The program can check the unpacked folder: `fiducial bundle verify FOLDER`.",
    zh: "邮件程序和文件管理器会重新打包。程序可以核验解压后的文件夹：fiducial bundle verify 文件夹。",
  },
  "evidence-unnamed": {
    en: "No opened record commits to {0}.",
    zh: "没有任何已披露的记录承诺 {0}。",
  },
  "pins-of-another-log": {
    en: "It does not fit your pins (check that you took the right file): the statements are of the log {0}, your pins of {1}.",
    zh: "与您的信任锚点（pins）不符（请确认文件没有拿错）：声明属于日志 {0}，而锚点属于 {1}。",
  },
  "range-after-fell": {
    en: "{0}: statement {1} follows an older tree than the one before it.",
    zh: "{0}：第 {1} 号声明所继的树比前一号更旧。",
  },
  "range-before-pin": {
    en: "It does not fit your pins (check that you took the right file): {0}: the range ends at statement {1}, before statement {2}, which you have pinned.",
    zh: "与您的信任锚点（pins）不符（请确认文件没有拿错）：{0}：区间止于第 {1} 号声明，早于锚点所载的第 {2} 号声明。",
  },
  "range-broken": {
    en: "{0}: statement {1} does not continue the one before it.",
    zh: "{0}：第 {1} 号声明与前一号不相衔接。",
  },
  "range-count": {
    en: "{0}: the records of statement {1} begin at number {2}, where {3} is due.",
    zh: "{0}：第 {1} 号声明的记录从第 {2} 号起，应为第 {3} 号。",
  },
  "range-header": {
    en: "{0}: the header of statement {1} is not opened whole and well formed.",
    zh: "{0}：第 {1} 号声明的批次头未完整披露或格式有误。",
  },
  "range-hidden": {
    en: "{0}: statement {1}, record {2} does not show its “{3}”.",
    zh: "{0}：第 {1} 号声明的第 {2} 号记录未出示“{3}”。",
  },
  "range-mistagged": {
    en: "{0}: statement {1}, record {2}: its tags are not those of its units.",
    zh: "{0}：第 {1} 号声明的第 {2} 号记录的标签与其单元不符。",
  },
  "range-not-pinned": {
    en: "It does not fit your pins (check that you took the right file): {0}: statement {1} is not the one that you have pinned.",
    zh: "与您的信任锚点（pins）不符（请确认文件没有拿错）：{0}：第 {1} 号声明不是锚点所载的那一条。",
  },
  "range-silence": {
    en: "It does not fit your pins (check that you took the right file): {0}: your pins expect a record every {3} s; before entry {1} there is a gap of {2} s by its own clock, and no outage is stated.",
    zh: "与您的信任锚点（pins）不符（请确认文件没有拿错）：{0}：您的信任锚点预期每 {3} 秒有一条记录；按其自身时钟，第 {1} 号之前有 {2} 秒的间隔，也未申明中断。",
  },
  "range-untagged": {
    en: "{0}: statement {1}, record {2} names your unit {3} and does not carry its tag: what else is not tagged, nobody can find. Make sure that the key of this unit's lot is among those that you put in.",
    zh: "{0}：第 {1} 号声明的第 {2} 号记录提到您的单元 {3}，却没有其标签：其他未加标签的便无从查找。请确认所填的密钥中有该单元所属批次的密钥。",
  },
  "receipt-of-another": { en: "{0} carries another statement.", zh: "{0} 附带的是另一份声明。" },
  "bad-disclosure": {
    en: "{0} does not belong to the statement: it was changed, or opens something else ({1}).",
    zh: "{0} 与声明不符：它被改动过，或披露的是别的内容（{1}）。",
  },
  "bad-signatures": {
    en: "Signature lines of keys that your policy knows do not verify.",
    zh: "您的策略所知的密钥的签名行验证失败。",
  },
  "bad-signature-line": { en: "Key {0}+{1}", zh: "密钥 {0}+{1}" },
  "bad-statement": {
    en: "The signature of the source {0} does not verify.",
    zh: "来源 {0} 的签名验证失败。",
  },
  "file-not-vouched": {
    en: "{0} was altered or is another file (check first that you took the right one): no opened record commits to its SHA-256 {1}.",
    zh: "{0} 已被改动或不是同一个文件（请先确认拿对了文件）：没有任何已披露的记录承诺其 SHA-256 {1}。",
  },
  "log-has-not-signed": {
    en: "It does not fit your policy (check that you took the right file): no key of the log {0} that it lists has signed the checkpoint.",
    zh: "与您的策略不符（请确认文件没有拿错）：其中所列的日志 {0} 的密钥均未签署该检查点。",
  },
  "not-a-checkpoint": { en: "The signed note is not a checkpoint ({0}).", zh: "该签名文本不是检查点（{0}）。" },
  "not-a-statement": { en: "The entry is not a statement ({0}).", zh: "该条目不是声明（{0}）。" },
  "not-included": {
    en: "The entry is not where the receipt says: it was changed, or the receipt was.",
    zh: "条目不在回执所说的位置：条目或回执被改动过。",
  },
  "quorum-not-met": {
    en: "Too few witnesses have signed: the quorum “{0}” of your policy is not met (check that you took the right file).",
    zh: "签署的见证者太少：未达到您的策略所要求的“{0}”（请确认文件没有拿错）。",
  },
  "rule-short": {
    en: "Your policy wants {1} of {2} witnesses ({0}); only {3} have signed",
    zh: "您的策略要求 {2} 个见证者中的 {1} 个（{0}）；只有 {3} 个已签署",
  },
  "rule-short-groups": {
    en: "Your policy wants {1} of {2} groups or witnesses ({0}); only {3} have signed",
    zh: "您的策略要求 {2} 个组或见证者中的 {1} 个（{0}）；只有 {3} 个已签署",
  },
  "split-not-proven": { en: "The file proves no split.", zh: "该文件不能证明分叉。" },
  "stamp-altered": {
    en: "{0}: the timestamp was altered: what it states does not have the hash that is signed.",
    zh: "{0}：时间戳已被改动：其内容与所签署的哈希不符。",
  },
  "stamp-bad-signature": {
    en: "{0}: the signature of the timestamp does not verify with the certificate that it names.",
    zh: "{0}：时间戳的签名无法用其所指明的证书验证。",
  },
  "stamp-malformed": { en: "{0}: the timestamp is malformed ({1}).", zh: "{0}：时间戳格式有误（{1}）。" },
  "stamp-names-none": {
    en: "{0}: the timestamp does not say which certificate signed it (SigningCertificate).",
    zh: "{0}：时间戳未指明由哪个证书签署（SigningCertificate）。",
  },
  "stamp-not-for-stamps": {
    en: "{0}: the certificate of {1} is not for timestamps, and for nothing else (critical extended key usage).",
    zh: "{0}：{1} 的证书并非专用于时间戳（须有关键的扩展密钥用途）。",
  },
  "stamp-not-granted": {
    en: "{0}: the authority has refused to give a timestamp: status {1}.",
    zh: "{0}：机构拒绝签发时间戳：状态 {1}。",
  },
  "stamp-of-another": {
    en: "{0}: the timestamp is of something else than the checkpoint beside it.",
    zh: "{0}：时间戳所指不是与其并列的检查点。",
  },
  "stamp-out-of-date": {
    en: "{0}: the timestamp states {1}, and its certificate was valid from {2} to {3} only.",
    zh: "{0}：时间戳所称时间为 {1}，而其证书仅在 {2} 至 {3} 有效。",
  },
  "stamp-weak-imprint": {
    en: "{0}: the timestamp names the checkpoint by a hash that proves nothing ({1}); SHA-256, SHA-384 or SHA-512 is needed.",
    zh: "{0}：时间戳用不足为凭的哈希（{1}）指称检查点；须用 SHA-256、SHA-384 或 SHA-512。",
  },
  "stamp-without-certificate": {
    en: "{0}: the certificate that signed does not come with the timestamp, or the timestamp was altered.",
    zh: "{0}：时间戳未附签署它的证书，或已被改动。",
  },
  "statement-of-another-log": {
    en: "The statement was made for the log {0}, but stands in {1}.",
    zh: "声明是为日志 {0} 作出的，却出现在 {1} 中。",
  },
  "unknown-log": {
    en: "It does not fit your policy (check that you took the right file): it comes from the log {0}, which your policy does not list: ask for a receipt of the log that was agreed. A policy for another log is yours only if it comes from somebody other than the supplier.",
    zh: "与您的策略不符（请确认文件没有拿错）：它来自日志 {0}，而您的策略中没有该日志：请索取所约定日志的回执。改用另一日志的策略，须从供货方以外取得。",
  },
  "unknown-log-none-listed": {
    en: "It comes from the log {0}, and your policy lists no log at all: add a line “log” with the log's verifier key, one that you did not get with the evidence or from the supplier.",
    zh: "它来自日志 {0}，而您的策略没有列出任何日志：请加上一行“log”及该日志的验证密钥，且该密钥不得取自所交来的证据或供货方。",
  },
  "two-histories": {
    en: "The log has signed two trees of {0} entries, {1} and {2}, and your policy accepts both: it has two histories.",
    zh: "日志签署了两棵均为 {0} 条的树（{1} 和 {2}），而您的策略都接受：它有两份历史。",
  },
  "unpinned-source": {
    en: "It does not fit your pins or source keys (check that you took the right ones): it is signed by {0} with key ID {1}, and none of the keys that you gave is that key.",
    zh: "与您的信任锚点（pins）或来源密钥不符（请确认没有拿错）：它由 {0}（密钥 ID {1}）签署，而您给出的密钥中没有这一把。",
  },

  // What stands behind a reason.
  "detail-index-beyond": { en: "index {0} is beyond a tree of {1} entries", zh: "序号 {0} 超出 {1} 条的树" },
  "detail-invalid": {
    en: "a signature line names the key but does not verify",
    zh: "签名行指明该密钥，但验证失败",
  },
  "detail-agree": {
    en: "the larger tree continues the smaller one: both can be true",
    zh: "较大的树延续了较小的树：二者可同时为真",
  },
  "detail-consistency-length": {
    en: "the proof has {0} hashes where the sizes require {1}",
    zh: "证明有 {0} 个哈希，而两个大小要求 {1} 个",
  },
  "detail-hashes-elsewhere": {
    en: "the hashes lead to {0}, which is not the root that the log has signed",
    zh: "哈希得出 {0}，不是日志签署的根",
  },
  "detail-hashes-length": {
    en: "there are {0} hashes where the sizes require {1}",
    zh: "有 {0} 个哈希，而两个大小要求 {1} 个",
  },
  "detail-new-root": { en: "the proof leads to another root for the newer tree", zh: "证明对新树得出另一个根" },
  "detail-no-hashes": {
    en: "trees of {0} and {1} entries, and nothing that ties their roots: both can be true",
    zh: "{0} 条与 {1} 条的两棵树之间没有任何联系其根的哈希：二者可同时为真",
  },
  "detail-not-signed": {
    en: "the checkpoint of {0} entries is not signed by the log",
    zh: "{0} 条的检查点没有日志的签名",
  },
  "detail-old-root": { en: "the proof leads to another root for the older tree", zh: "证明对旧树得出另一个根" },
  "detail-same-size": { en: "two different roots for the same size", zh: "同一大小却有两个不同的根" },
  "detail-signature-bad": {
    en: "the log's signature on the checkpoint of {0} entries does not verify",
    zh: "{0} 条的检查点上日志的签名验证失败",
  },
  "detail-two-logs": {
    en: "the checkpoints are of two logs, {0} and {1}",
    zh: "两个检查点属于不同的日志：{0} 和 {1}",
  },
  "detail-other": { en: "{0}", zh: "{0}" },
  "detail-path-length": {
    en: "the path has {0} hashes where index and size require {1}",
    zh: "路径有 {0} 个哈希，而序号与大小要求 {1} 个",
  },
  "detail-path-root": { en: "the path leads to another root", zh: "路径得出另一个根" },
  "detail-timestamp": { en: "it names a time that the format forbids", zh: "所写时间为格式所禁止" },
  "member-cosigned": { en: "{0}: cosigned {1}", zh: "{0}：已联署（{1}）" },
  "member-group-met": { en: "{0}: ok ({1} have signed, {2} needed)", zh: "{0}：足够（{1} 个已签署，需 {2} 个）" },
  "member-group-short": { en: "{0}: too few ({1} have signed, {2} needed)", zh: "{0}：不足（{1} 个已签署，需 {2} 个）" },
  "member-not-cosigned": { en: "{0}: no cosignature", zh: "{0}：没有联署" },
  "member-not-post-quantum": { en: "{0}: signs with Ed25519", zh: "{0}：用 Ed25519 签名" },
  "member-refused": { en: "{0}: signature does not verify", zh: "{0}：签名验证失败" },
  "member-timeless": {
    en: "{0}: cosigned without a time, which never counts",
    zh: "{0}：联署未写时间，不计入",
  },

  // Why nothing could be decided.
  ...LOOK,
  ...LOOKED,
  ...MISTAKEN,
  ...RECEIVED,
  "bad-keys": {
    en: "The source keys cannot be read: line {0} is malformed ({1}).",
    zh: "来源密钥无法读取：第 {0} 行格式有误（{1}）。",
  },
  "bad-lot-key": {
    en: "Lot key {0} is not 64 hexadecimal digits. It is not shown.",
    zh: "第 {0} 个批次密钥不是 64 位十六进制数字，不予显示。",
  },
  "bad-pins": {
    en: "Your pins cannot be read: line {0} is malformed ({1}).",
    zh: "您的信任锚点文件（pins）无法读取：第 {0} 行格式有误（{1}）。",
  },
  "bad-policy": {
    en: "Your policy cannot be read: line {0} is malformed ({1}).",
    zh: "您的策略无法读取：第 {0} 行格式有误（{1}）。",
  },
  "file-empty": {
    en: "{0} is empty: it was not written or copied whole.",
    zh: "{0} 是空文件：没有完整写出或复制。",
  },
  "file-too-large": { en: "{0} has more than {1} bytes.", zh: "{0} 超过 {1} 字节。" },
  "file-unreadable": { en: "{0} cannot be read: {1}", zh: "无法读取 {0}：{1}" },
  "file-without-disclosure": {
    en: "Reports were given without the file that opens their records (…disclosure.json).",
    zh: "给出了报告，但没有给出其披露文件（…disclosure.json）。",
  },
  "hashes-differ": {
    en: "This browser's SHA-256 and the page's give two results for the same bytes. Use another browser.",
    zh: "此浏览器的 SHA-256 与本页的 SHA-256 对同样的字节给出不同结果。请换用其他浏览器。",
  },
  "keys-too-long": { en: "The source keys have more than {0} letters.", zh: "来源密钥超过 {0} 个字符。" },
  malformed: {
    en: "{0} is not in the form it should have, so nothing can be said about it ({1}).",
    zh: "{0} 不符合应有的格式，因此无法作出判断（{1}）。",
  },
  "not-a-bundle": {
    en: "{0} is no bundle: one is a zip file that begins with bundle.json. Nor is it a receipt (its name ends in .tlog-proof). Was another file taken?",
    zh: "{0} 不是证据包：证据包是以 bundle.json 开头的 zip 文件。它也不是回执（名称以 .tlog-proof 结尾）。文件是否拿错？",
  },
  "hint-repacked": {
    en: "It is a zip, and not written as bundles are. Mail programs and file managers pack again. The program can check the unpacked folder: `fiducial bundle verify FOLDER`.",
    zh: "它是 zip 文件，但写法不是证据包的写法。邮件程序和文件管理器会重新打包。程序可以核验解压后的文件夹：fiducial bundle verify 文件夹。",
  },
  "no-entry": {
    en: "The receipt does not carry its entry. Add the entry's file.",
    zh: "回执未附带条目。请添加条目文件。",
  },
  "no-pin": {
    en: "It is claimed that nothing of {0} is left out, and you have no pin of it: drop your pins among the files.",
    zh: "对方声称 {0} 没有遗漏，而您没有该来源的信任锚点：请拖入您的信任锚点文件（pins）。",
  },
  "no-policy": {
    en: "Still missing: your policy, a file that you hold from before. Drop it among the files: as agreed in the contract, or published by an association or an auditor; not the one inside a bundle.",
    zh: "还缺：您的策略，即您事先持有的文件。请拖入：按合同约定，或由行业协会、审计方公布，而不是证据包内所附的。",
  },
  "no-receipt": {
    en: "There is no receipt among the files (a file whose name ends in .tlog-proof), and no bundle.",
    zh: "文件中既没有回执（名称以 .tlog-proof 结尾的文件），也没有证据包。",
  },
  "no-source-key": {
    en: "No key of the machine (source) was given: drop your pins among the files, or the key that the factory handed you before. Do not take them from the bundle.",
    zh: "没有给出机器（来源）的密钥：请拖入您的信任锚点文件（pins），或工厂事先交给您的密钥。请勿采用证据包内所附的。",
  },
  "not-alone": {
    en: "{0} is checked by itself: remove the other files, or mark them as not used.",
    zh: "{0} 需单独核验：请移除其他文件，或将其标为不使用。",
  },
  "own-fault": {
    en: "The page itself failed. This says nothing about the evidence. ({0})",
    zh: "本页自身出错，这与证据无关。（{0}）",
  },
  "private-key": {
    en: "The source keys hold a private key. It was not used. Remove it, and keep it to yourself.",
    zh: "来源密钥中含有私钥，未予使用。请删除并妥善保管。",
  },
  "proof-cut": {
    en: "{0} holds {1} hashes where the two sizes require {2}: it was cut, or is the proof of other checkpoints.",
    zh: "{0} 有 {1} 个哈希，而两个大小要求 {2} 个：文件被截断，或是其他检查点的证明。",
  },
  "list-columns": {
    en: "Line {0} of your list of units is no header, of which these are known: serial, panel, position, lot.",
    zh: "您的单元清单第 {0} 行不是表头；可识别的列名为序列号（serial）、拼板（panel）、位置（position）、批次（lot）。",
  },
  "list-header": {
    en: "The first line of your list, {0}, is in no record, and others are: it looks like a header that names no known column.",
    zh: "清单首行 {0} 在任何记录中都找不到，而其他行可以找到：它像是表头，却没有列名可识别。",
  },
  "list-empty": { en: "No unit is in your list of units.", zh: "您的单元清单中没有任何单元。" },
  "list-malformed": {
    en: "Line {0} of your list of units cannot be read: a quote out of place, a control character, or a cell that is too long.",
    zh: "您的单元清单第 {0} 行无法读取：引号位置不当、含控制字符或单元格过长。",
  },
  "list-no-position": {
    en: "Line {0} of your list of units has no serial, and a row above has the same panel: put the position of each board into a column `position`.",
    zh: "您的单元清单第 {0} 行没有序列号，而前面已有同一拼板的一行：请在位置（position）列中填入每块板的位置。",
  },
  "list-no-serial": {
    en: "Line {0} of your list of units has no serial, and no panel to know the unit by: put its number in, add a column `panel`, or take the row out.",
    zh: "您的单元清单第 {0} 行没有序列号，也没有可据以识别该单元的拼板：请填入号码，加上拼板（panel）列，或删去该行。",
  },
  "list-encoding": {
    en: "Your list of units is not text in UTF-8, UTF-16 or GBK.",
    zh: "您的单元清单不是 UTF-8、UTF-16 或 GBK 文本。",
  },
  "list-too-long": { en: "Your list of units has more than {0} units.", zh: "您的单元清单超过 {0} 个单元。" },
  "lot-key-needs-range": {
    en: "A lot key is for bundles of which it is claimed that nothing is left out, and this one claims no such thing. Leave the key out: single records name their units, and your list is looked up by name.",
    zh: "批次密钥用于声称没有遗漏的证据包，而此处未作此声称。请去掉密钥：单条记录直接写明单元，将按清单中的名称查找。",
  },
  "lot-key-finds-nothing": {
    en: "Your lot key fits no tag that is shown, and {0}: statement {1}, record {2} names your unit {3}: the key may be of another lot or of another vault. If it is the right one, the maker has not tagged the records of your units, as was owed: what was left out, nobody can find, and nothing is proven for the maker. Have the key confirmed in writing; until it fits, do not rely on this.",
    zh: "您的批次密钥与所出示的任何标签都不相符，而 {0}：第 {1} 号声明的第 {2} 号记录写明了您的单元 {3}：密钥可能属于另一批次或另一保管库（vault）。若密钥无误，则工厂没有按约给您单元的记录加标签：遗漏了什么无人能够查出，工厂也没有证明任何事情。请书面确认密钥；在相符之前，请勿采信。",
  },
  "reader-incomplete": {
    en: "A lot key finds nothing without the list of your units: put the list in as well, or remove the key.",
    zh: "没有您的单元清单，批次密钥查不到任何记录：请一并填入清单，或移除密钥。",
  },
  "reader-too-large": { en: "The lot keys or the list of units are too long.", zh: "批次密钥或单元清单过长。" },
  "several-files": {
    en: "More than one file is given as “{0}”. Keep one, and check the others one by one.",
    zh: "有多个文件被当作“{0}”。请只留一个，其余逐个检查。",
  },

  ...OPEN,
};
