/** What a verdict leaves open. */

import type { Words } from "./language.ts";

export const OPEN: Readonly<Record<string, Words>> = {
  "open-after-consistency": {
    en: "That the log continues the {0} entries that the statement follows: no proof of it was given.",
    zh: "日志是否延续声明所继的 {0} 条：未给出相应证明。",
  },
  "open-after-time": { en: "When that was: your policy asks for no witness.", zh: "当时的时间：您的策略未要求见证者。" },
  "open-challenge": {
    en: "{0}: whether this answers the challenge: that it picks what the later checkpoint and the range give, and that each picked record is opened whole and with its file. This page judges no challenge; the program does: `fiducial challenge verify`.",
    zh: "{0}：是否答复了该质询：其所抽取的是否正是由之后的检查点和区间得出的记录，且每条均已完整披露并附上文件。本页不判断质询，请用 fiducial challenge verify。",
  },
  "open-cadence": {
    en: "{0}: how often it speaks: your pin names no cadence.",
    zh: "{0}：多久作一次声明：您的信任锚点（pins）未写明间隔。",
  },
  "open-files": {
    en: "{0} files to which opened records commit: they are not enclosed.",
    zh: "已披露记录所承诺的 {0} 个文件：未附上。",
  },
  "open-lower-bounds": {
    en: "That {0} statements were not made long before: the checkpoints they name, or the proofs from these on, are not enclosed.",
    zh: "{0} 份声明是否早已备好：未附上其所指的检查点或由此延续的证明。",
  },
  "open-none-named": {
    en: "For {0} entries no earliest time can be given: they name no earlier state of the log.",
    one: "For {0} entry no earliest time can be given: it names no earlier state of the log.",
    zh: "有 {0} 个条目无法给出最早时间：其中没有指明日志更早的状态。",
  },
  "open-no-reader": {
    en: "{0}: which records are yours: no lot key and no list of your units were given.",
    zh: "{0}：哪些记录属于您：未给出批次密钥和您的单元清单。",
  },
  "open-first-line": {
    en: "Whether the first line of your list, {0}, is a header: it is in no record. Known headers are serial, panel, position, lot.",
    zh: "您清单的首行 {0} 是否为表头：任何记录中都没有它；可识别的表头为序列号（serial）、拼板（panel）、位置（position）、批次（lot）。",
  },
  "open-noise": {
    en: "{0}: whether the maker hid a record of yours under a wrong mark; only a spot check at the maker's can show it.",
    zh: "{0}：是否有您的记录被错标隐藏；只有现场抽查能发现。",
  },
  "open-claims": {
    en: "How long after the work the records were logged: none opens the time that it claims, with its zone.",
    zh: "记录在作业之后多久才记入日志：没有记录披露自称的时间及其时区。",
  },
  "open-claims-some": {
    en: "How long after the work {0} records were logged ({1}): the time claimed is not opened, or has no time zone.",
    zh: "{0} 条记录（{1}）在作业之后多久才记入日志：自称的时间未披露，或没有时区。",
  },
  "open-no-key": {
    en: "{0}: whether all records of your units are shown: put in the key of your lot, by which their tags are found.",
    zh: "{0}：您单元的记录是否全部出示：请填入您的批次密钥，以便按标签查找。",
  },
  "open-range-start": {
    en: "{0}: that nothing is missing between the statement that you pinned and statement {1}: only the log's entries show it.",
    zh: "{0}：信任锚点所载的声明与第 {1} 号之间有无缺失：只有日志的条目能够说明。",
  },
  "open-same-pins": {
    en: "Your pins are the same as the copy in the bundle: make sure that you had them from somewhere else.",
    zh: "您的信任锚点（pins）与证据包中的副本相同：请确认您是从别处得到的。",
  },
  "open-same-policy": {
    en: "Your policy is the same as the copy in the bundle: make sure that you had it from somewhere else.",
    zh: "您的策略与证据包中的副本相同：请确认您是从别处得到的。",
  },
  "open-scan": {
    en: "{0}: whether the maker keeps a second set of books, and whether statements follow the last one shown: that needs the log, which the program reads (--log).",
    zh: "{0}：工厂是否另有一套账，以及所出示的最后一份声明之后是否还有声明：这需要日志，可用程序读取（--log）。",
  },
  "open-unnamed": {
    en: "{0}: {1} records that carry no tags and name no unit: which units they belong to, and what is in their files.",
    zh: "{0}：{1} 条没有标签、也未写明单元的记录：属于哪些单元，以及其文件的内容。",
  },
  "open-completeness": {
    en: "Whether this is all: that no other record exists, and that nothing was tried again.",
    zh: "是否完整：有无其他记录，有无重复测试。",
  },
  "open-file": {
    en: "The file of record {0}: the record commits to a file that was not given.",
    zh: "第 {0} 号记录的文件：记录所承诺的文件未提供。",
  },
  "open-hidden": {
    en: "What is not opened: {0} of {1} records are shown, not all of them in full.",
    zh: "未披露的内容：{1} 条记录中披露了 {0} 条，且未必完整。",
  },
  "open-lower-bound": {
    en: "That it was made after the log had {0} entries: the checkpoint it names was not given.",
    zh: "它是否作于日志已有 {0} 条之后：未给出它所指的检查点。",
  },
  "open-no-disclosure": {
    en: "What the statement is about: no file was given that opens its records.",
    zh: "声明的内容：未给出披露文件。",
  },
  "open-no-lower-bound": {
    en: "For this entry no earliest time can be given: it names no earlier state of the log.",
    zh: "此条目无法给出最早时间：其中没有指明日志更早的状态。",
  },
  "open-no-witness": {
    en: "That everybody sees the same log, and when: your policy asks for no witness.",
    zh: "所有人看到的是否同一日志、以及时间：您的策略未要求见证者。",
  },
  "open-opaque": { en: "What the entry means and who made it.", zh: "条目的含义和作者。" },
  "open-post-quantum-log": {
    en: "Against quantum computers: the log has not signed with ML-DSA-44.",
    zh: "抗量子计算：日志未用 ML-DSA-44 签名。",
  },
  "open-post-quantum-no-key": {
    en: "Against quantum computers: your policy lists no ML-DSA-44 key of this log.",
    zh: "抗量子计算：您的策略未列出该日志的 ML-DSA-44 密钥。",
  },
  "open-post-quantum-quorum": {
    en: "Against quantum computers: by ML-DSA-44 alone the quorum “{0}” is not met.",
    zh: "抗量子计算：仅凭 ML-DSA-44 未达到法定数“{0}”。",
  },
  "open-shown": { en: "Who was shown which of the two, and when.", zh: "二者各在何时出示给谁。" },
  "open-stamp-authority": {
    en: "{0}: the timestamp is of this checkpoint and states {1}; whether {2}, who signed it, is an authority to believe: this page takes no list of authorities, the program `fiducial` does (--tsa-ca).",
    zh: "{0}：时间戳所指正是该检查点，所称时间为 {1}；其签署者 {2} 是否为可信的机构：本页不接受机构清单，可用 fiducial 程序检查（--tsa-ca）。",
  },
  "stamp-unavailable": {
    en: "{0}: the timestamp: this browser does not compute its signature ({1}).",
    zh: "{0}：时间戳：此浏览器无法计算其签名（{1}）。",
  },
  "stamp-unknown": {
    en: "{0}: the timestamp: it uses something that this page does not know ({1}).",
    zh: "{0}：时间戳：使用了本页不了解的内容（{1}）。",
  },
  "open-truth": { en: "Whether the machine told the truth.", zh: "机器所报是否属实。" },
};
