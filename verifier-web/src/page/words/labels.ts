/** Labels and texts of the page itself. */

import type { Words } from "./language.ts";

/** Labels of facts, by their code. */
export const FACTS: Readonly<Record<string, Words>> = {
  after: { en: "Made after this many entries, it says", zh: "自称作于多少条之后" },
  cosigned: { en: "Cosigned by", zh: "联署" },
  heartbeats: { en: "Statements without records", zh: "没有记录的声明数" },
  index: { en: "Entry", zh: "条目序号" },
  leaf: { en: "Hash of the entry", zh: "叶哈希" },
  "log-signed": { en: "Signed by the log with", zh: "日志签名算法" },
  machine: { en: "Stands at, by your pins", zh: "所在设备（据您的固定项）" },
  newer: { en: "The larger tree", zh: "较大的树" },
  "not-before": { en: "Not made before", zh: "不早于" },
  older: { en: "The smaller tree", zh: "较小的树" },
  origin: { en: "Log", zh: "日志" },
  "other-copy": { en: "The maker's copy is not your own", zh: "制造方的副本与您自己的不同" },
  "own-more": { en: "More records of yours, not listed here", zh: "此处未列出的您的其他记录数" },
  "own-record": { en: "Your record (statement, record)", zh: "您的记录（声明号，记录号）" },
  outages: { en: "Outages stated", zh: "申明的中断数" },
  "post-quantum": { en: "Holds also without Ed25519", zh: "不依赖 Ed25519 亦成立" },
  "post-quantum-times": { en: "Witnessed, without Ed25519", zh: "见证时间（不依赖 Ed25519）" },
  "range-witnessed": { en: "All of the range existed no later than", zh: "整个区间不晚于此时已存在" },
  root: { en: "Root of the log", zh: "树根" },
  sequence: { en: "Number of the statement", zh: "声明号" },
  source: { en: "Made by (source)", zh: "作者（来源）" },
  "statement-witnessed": { en: "Existed no later than", zh: "不晚于此时已存在" },
  times: { en: "Witnessed", zh: "见证时间" },
  "tree-size": { en: "Entries in the log", zh: "日志条数" },
};

/** What a file is taken as. */
export const ROLE_NAMES: Readonly<Record<string, Words>> = {
  receipt: { en: "Receipt", zh: "回执" },
  disclosure: { en: "Opened records", zh: "公开的记录" },
  file: { en: "Report or other evidence", zh: "报告或其他证据" },
  entry: { en: "Entry of the log", zh: "日志条目" },
  after: { en: "Earlier checkpoint", zh: "更早的检查点" },
  consistency: { en: "Proof from the earlier checkpoint", zh: "与更早检查点的一致性证明" },
  split: { en: "Evidence of a split", zh: "分叉证据" },
  bundle: { en: "Bundle", zh: "证据包" },
  unused: { en: "Not used", zh: "不使用" },
};

/** Texts that stand in the page, by the name in its `data-say`. */
export const TEXTS = {
  title: { en: "Fiducial: check a report", zh: "Fiducial：核验报告" },
  heading: { en: "Is this the report that was made then?", zh: "这是当时的那份报告吗？" },
  lead: {
    en: "Check evidence from a factory that keeps a Fiducial log. Everything happens on this computer: this page cannot send anything anywhere.",
    zh: "核验使用 Fiducial 日志的工厂所给的证据。一切都在本机进行：本页无法向任何地方发送内容。",
  },
  step1: { en: "1. What you were given", zh: "1. 您收到的文件" },
  step1Help: {
    en: "Either a bundle (.zip); or the receipt (.tlog-proof), the opened records (.disclosure.json) and the report itself, all at once.",
    zh: "证据包（.zip）；或者回执（.tlog-proof）、公开的记录（.disclosure.json）和报告本身，可一次全部添加。",
  },
  drop: { en: "Drop files here, or", zh: "将文件拖到此处，或" },
  choose: { en: "Choose files", zh: "选择文件" },
  noFiles: { en: "No files yet.", zh: "尚无文件。" },
  file: { en: "File", zh: "文件" },
  size: { en: "Size", zh: "大小" },
  role: { en: "Taken as", zh: "用作" },
  remove: { en: "Remove", zh: "移除" },
  roleOf: { en: "What {0} is taken as", zh: "{0} 用作" },
  removeFile: { en: "Remove {0}", zh: "移除 {0}" },
  step2: { en: "2. What you trust", zh: "2. 您信任什么" },
  step2Help: {
    en: "A policy, and keys or pins. They must be your own, from before the dispute: never take them from whoever hands you the evidence.",
    zh: "策略，以及密钥或固定项。它们必须是您自己在争议之前就有的，切勿采用提供证据的一方给出的。",
  },
  whereFrom: { en: "Where do I get these?", zh: "这些从哪里得到？" },
  wherePolicy: {
    en: "The policy says whose signatures count: the log and its witnesses. It is agreed with the factory in the contract, or published by an association or an auditor; whoever handles your quality agreements has it. It is a text that begins with “log”.",
    zh: "策略写明谁的签名算数：日志及其见证者。它在合同中与工厂约定，或由行业协会、审计方公布；负责质量协议的同事应当有。它是以“log”开头的文本。",
  },
  whereKeys: {
    en: "The keys of the machines are one line each. The factory handed them over when the machines were enrolled, before anything was in dispute.",
    zh: "机器的密钥每台一行，由工厂在登记机器时交给您，早于任何争议。",
  },
  wherePins: {
    en: "Pins are a text that begins with “fiducial/pins/v1”: keys, places and beginnings of the machines in one. Whoever has pins needs no keys beside them.",
    zh: "固定项是以“fiducial/pins/v1”开头的文本，合并了机器的密钥、位置与起点。有固定项便无需另填密钥。",
  },
  whereNone: {
    en: "Nothing of this at hand? A copy may lie in the bundle. Do not use it before somebody else than its maker has confirmed it: a witness or an auditor, by telephone, is enough.",
    zh: "手头没有？证据包内可能附有副本。在制造方以外的人（例如见证者或审计方，电话即可）确认之前，请勿使用。",
  },
  policy: { en: "Your policy: which log, which witnesses", zh: "您的策略：哪个日志、哪些见证者" },
  policyFile: { en: "Read the policy from a file", zh: "从文件读取策略" },
  keys: {
    en: "Keys of the machines, one a line, as the factory gave them to you beforehand",
    zh: "机器的密钥，每行一个，由工厂事先交给您",
  },
  keysFile: { en: "Read the keys from a file", zh: "从文件读取密钥" },
  pins: {
    en: "Your pins: what you knew of the machines beforehand",
    zh: "您的固定项：您事先对机器的了解",
  },
  ranges: { en: "For a bundle: your pins, and how to find your own units in it", zh: "用于证据包：您的固定项，以及如何在其中找到您自己的单元" },
  lotKeys: { en: "Keys of your lots, one a line", zh: "您的批次密钥，每行一个" },
  lotKeysFile: { en: "Read the lot keys from a file", zh: "从文件读取批次密钥" },
  units: { en: "Your units, one serial number a line, or CSV with a header", zh: "您的单元，每行一个序列号，或带表头的 CSV" },
  unitsFile: { en: "Read the units from a file", zh: "从文件读取单元" },
  pinsFile: { en: "Read the pins from a file", zh: "从文件读取固定项" },
  check: { en: "Check", zh: "核验" },
  checking: { en: "Checking: {0} % of {1}", zh: "正在核验：{1} 的 {0} %" },
  stop: { en: "Stop", zh: "停止" },
  print: { en: "Print", zh: "打印" },
  why: { en: "Why", zh: "理由" },
  whyFailed: { en: "What is wrong", zh: "问题所在" },
  whyUndecided: { en: "What is missing", zh: "缺少什么" },
  restsOn: { en: "What it rests on", zh: "依据" },
  notChecked: { en: "What was not checked", zh: "未检查的内容" },
  opened: { en: "What the records say", zh: "记录的内容" },
  openedHelp: {
    en: "The source's own words, as it committed to them then. Names marked * are its own and not of the format.",
    zh: "来源当时所承诺的原话。带 * 的名称为来源自定，不属于格式。",
  },
  record: { en: "Record {0}: {1}", zh: "第 {0} 号记录：{1}" },
  header: { en: "Header of the statement", zh: "声明的表头" },
  fileOfRecord: { en: "This is the record of {0}.", zh: "这是 {0} 的记录。" },
  enclosed: { en: "Its file is enclosed: {0}", zh: "其文件已附上：{0}" },
  absent: { en: "none", zh: "无" },
  cut: { en: "… {0} more letters are not shown", zh: "……另有 {0} 个字符未显示" },
  moreRecords: { en: "{0} more records are opened and not shown here.", zh: "另有 {0} 条已公开的记录未在此显示。" },
  noLater: { en: "Existed no later than", zh: "不晚于此时已存在" },
  noLaterBy: { en: "{0}, by the word of the witnesses", zh: "{0}（据见证者所言）" },
  noLaterUnknown: { en: "Not known: your policy asks for no witness", zh: "未知：您的策略未要求见证者" },
  noEarlier: { en: "Made no earlier than", zh: "不早于此时作出" },
  noEarlierUnknown: { en: "Not checked", zh: "未检查" },
  technical: { en: "All values", zh: "全部数值" },
  inputs: { en: "Files that were looked at", zh: "所检查的文件" },
  policyHash: { en: "SHA-256 of your policy", zh: "您的策略的 SHA-256" },
  checkedAt: { en: "Checked at (this computer's clock)", zh: "核验时间（本机时钟）" },
  verifier: { en: "Verifier", zh: "核验程序" },
  engineBrowser: {
    en: "Fiducial in the browser {0}; Ed25519 by the browser, ML-DSA-44 by the page",
    zh: "Fiducial 浏览器版 {0}；Ed25519 由浏览器计算，ML-DSA-44 由本页计算",
  },
  engineOwn: {
    en: "Fiducial in the browser {0}; Ed25519 and ML-DSA-44 by the page (this browser offers no Ed25519 that can be used)",
    zh: "Fiducial 浏览器版 {0}；Ed25519 与 ML-DSA-44 均由本页计算（此浏览器没有可用的 Ed25519）",
  },
  foot: {
    en: "This page is one file. Keep a copy: it works without a network, also years from now. A verdict says nothing about what was not checked.",
    zh: "本页只有一个文件。请保存副本：多年以后没有网络也能使用。结论不涉及未检查的内容。",
  },
  languages: { en: "Language", zh: "语言" },
  wentAway: { en: "{0} is too large for this field.", zh: "{0} 太大，无法填入。" },
  filesAdded: { en: "{0} files", zh: "共 {0} 个文件" },
  looksLikePolicy: {
    en: "{0} looks like a policy or a key. It is not used, because it came with the evidence. If it is your own, put it into step 2.",
    zh: "{0} 看起来是策略或密钥。它与证据一起给出，因此不予使用。若是您自己的，请填入第 2 步。",
  },
} satisfies Readonly<Record<string, Words>>;

export type TextName = keyof typeof TEXTS;
