/** Labels and texts of the page itself. */

import type { Words } from "./language.ts";

/** Labels of facts, by their code. */
export const FACTS: Readonly<Record<string, Words>> = {
  after: { en: "Made after this many entries, it says", zh: "自称作于多少条之后" },
  "after-bound": { en: "Made after this many entries", zh: "作于此条数之后" },
  beginning: { en: "The larger tree began with this root, at the smaller one's size", zh: "较大的树在较小者的大小处的树根" },
  cosigned: { en: "Cosigned by", zh: "联署" },
  "cosigned-both": { en: "Cosigned both", zh: "两者均联署" },
  "cosigned-newer": { en: "Cosigned the larger tree only", zh: "仅联署较大的树" },
  "cosigned-older": { en: "Cosigned the smaller tree only", zh: "仅联署较小的树" },
  heartbeats: { en: "Statements without records", zh: "没有记录的声明数" },
  index: { en: "Entry", zh: "条目序号" },
  leaf: { en: "Hash of the entry", zh: "叶哈希" },
  "log-signed": { en: "Signed by the log with", zh: "日志签名算法" },
  machine: { en: "Source, by your pins", zh: "来源（据您的信任锚点）" },
  newer: { en: "The larger tree", zh: "较大的树" },
  "not-before": { en: "Log entry made after", zh: "日志条目作于此后" },
  older: { en: "The smaller tree", zh: "较小的树" },
  origin: { en: "Log", zh: "日志" },
  "other-copy": { en: "The maker's copy is not your own", zh: "工厂的副本与您自己的不同" },
  "own-more": { en: "More records of yours, not listed here", zh: "此处未列出的您的其他记录数" },
  "own-record": { en: "Your record (statement, record: units (panel))", zh: "您的记录（声明号，记录号：单元（拼板））" },
  outages: { en: "Outages stated", zh: "申明的中断数" },
  "post-quantum": { en: "Holds also without Ed25519", zh: "不依赖 Ed25519 亦成立" },
  "post-quantum-times": { en: "Witnessed, without Ed25519", zh: "见证时间（不依赖 Ed25519）" },
  "range-witnessed": { en: "All of the range existed no later than", zh: "整个区间不晚于此时已存在" },
  root: { en: "Root of the log", zh: "树根" },
  sequence: { en: "Number of the statement", zh: "声明号" },
  source: { en: "Source", zh: "来源" },
  // What a source is, where one is first told.
  "source-is": {
    en: "where records come from: one machine or station, signed for by the factory with a key of its own",
    zh: "记录的来源：一台机器或一个工位，由工厂以其专用密钥代为签名",
  },
  "stamp-accuracy": { en: "Accuracy that the authority states", zh: "机构所称精度" },
  "stamp-certificate": { en: "SHA-256 of the authority's certificate", zh: "机构证书的 SHA-256" },
  "stamp-no-accuracy": { en: "The authority states no accuracy", zh: "机构未说明精度" },
  "stamp-signer": { en: "Timestamp signed by", zh: "时间戳签署者" },
  "stamp-time": { en: "Timestamp: time stated by an authority", zh: "时间戳：机构所称时间" },
  "statement-witnessed": { en: "Existed no later than", zh: "不晚于此时已存在" },
  times: { en: "Witnessed", zh: "见证时间" },
  "tree-size": { en: "Entries in the log", zh: "日志条数" },
};

/** What the reader's own files are called, by their fields. */
export const OWN_NAMES = {
  policy: "ownPolicy",
  pins: "ownPins",
  keys: "ownKeys",
  lotKeys: "ownLotKeys",
  units: "ownUnits",
} as const;

/** What a file is taken as. */
export const ROLE_NAMES: Readonly<Record<string, Words>> = {
  receipt: { en: "Receipt", zh: "回执" },
  disclosure: { en: "Opened records", zh: "披露文件" },
  file: { en: "Report or other evidence", zh: "报告或其他证据" },
  entry: { en: "Entry of the log", zh: "日志条目" },
  after: { en: "Earlier checkpoint", zh: "更早的检查点" },
  consistency: { en: "Proof from the earlier checkpoint", zh: "与更早检查点的一致性证明" },
  split: { en: "Evidence of a split", zh: "分叉证据" },
  bundle: { en: "Bundle", zh: "证据包" },
  challenge: { en: "Challenge (not judged here)", zh: "质询（此处不判断）" },
  unused: { en: "Not used", zh: "不使用" },
};

/** What one of the reader's own files is taken as. */
export const OWN_ROLES: Readonly<Record<keyof typeof OWN_NAMES, Words>> = {
  policy: { en: "Your policy", zh: "您的策略" },
  pins: { en: "Your pins", zh: "您的信任锚点（pins）" },
  keys: { en: "Keys of machines", zh: "机器密钥" },
  lotKeys: { en: "Keys of your lots", zh: "您的批次密钥" },
  units: { en: "Your list of units", zh: "您的单元清单" },
};

/** Texts that stand in the page, by the name in its `data-say`. */
export const TEXTS = {
  title: { en: "Fiducial: check a report", zh: "Fiducial：核验报告" },
  heading: { en: "Is this unchanged since it was logged?", zh: "记入日志后是否改动过？" },
  lead: {
    en: "Nothing leaves this computer.",
    zh: "内容不出本机。",
  },
  step1: { en: "Drop all your files here", zh: "将全部文件拖到此处" },
  dropEvidence: { en: "the bundle, or receipt, disclosure and report", zh: "证据包，或回执、披露文件和报告" },
  dropTrusted: {
    en: "policy and pins: two files that you hold from before, not from this bundle",
    zh: "策略和信任锚点：事先持有，非取自此包",
  },
  dropUnits: { en: "your list of units and lot key, if any", zh: "如有：单元清单和批次密钥" },
  choose: { en: "Choose files", zh: "选择文件" },
  help: { en: "Help", zh: "帮助" },
  about: {
    en: "This page checks evidence from a factory that keeps a Fiducial log. Everything happens on this computer: the page cannot send anything anywhere.",
    zh: "本页核验使用 Fiducial 日志的工厂所给的证据。一切都在本机进行：本页无法向任何地方发送内容。",
  },
  step1Help: {
    en: "Drop everything at once, as it came: either a bundle (.zip); or the receipt (.tlog-proof), its disclosure (.disclosure.json) and the report itself. With them your policy, your pins or keys of machines, and for a bundle keys of your lots and the list of your units. What each file is taken as, the page says, and it can be changed. With a bundle and a policy it begins to check by itself.",
    zh: "请将全部文件原样一次拖入：证据包（.zip）；或者回执（.tlog-proof）、其披露文件（.disclosure.json）和报告本身。同时拖入您的策略、您的信任锚点文件（pins）或机器密钥；若为证据包，还有批次密钥和单元清单。各文件用作什么，页面会说明，也可更改。有了证据包和策略，便自动开始核验。",
  },
  file: { en: "File", zh: "文件" },
  size: { en: "Size", zh: "大小" },
  role: { en: "Taken as", zh: "用作" },
  remove: { en: "Remove", zh: "移除" },
  roleOf: { en: "What {0} is taken as", zh: "{0} 用作" },
  removeFile: { en: "Remove {0}", zh: "移除 {0}" },
  step2: { en: "Type or paste instead", zh: "手动填写" },
  step2Help: {
    en: "Policy and pins: two files that you hold from before, not from this bundle. Keys of machines do in place of pins. Never take any of them from whoever hands you the evidence.",
    zh: "策略和信任锚点（pins）：您事先持有的两个文件，并非取自此证据包。也可用机器密钥代替信任锚点。切勿采用提供证据的一方给出的。",
  },
  pinsOrKeys: { en: "Pins (or machine keys)", zh: "信任锚点（或机器密钥）" },
  forBundles: { en: "To find your own units in a bundle", zh: "在证据包中查找您自己的单元" },
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
    zh: "信任锚点文件（pins）是以“fiducial/pins/v1”开头的文本，合并了机器的密钥、位置与起点。有它便无需另填密钥。",
  },
  whereNone: {
    en: "Nothing of this at hand? A copy may lie in the bundle. Do not use it before somebody else than its maker has confirmed it: a witness or an auditor, by telephone, is enough.",
    zh: "手头没有？证据包内可能附有副本。在工厂以外的人（例如见证者或审计方，电话即可）确认之前，请勿使用。",
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
    zh: "您的信任锚点文件（pins）：您事先对机器的了解",
  },
  lotKeys: { en: "Keys of your lots, one a line", zh: "您的批次密钥，每行一个" },
  lotKeysFile: { en: "Read the lot keys from a file", zh: "从文件读取批次密钥" },
  units: { en: "Your list of units: CSV with columns serial and panel, or one serial number a line", zh: "您的单元清单：含 serial（序列号）与 panel（拼板）列的 CSV，或每行一个序列号" },
  unitsFile: { en: "Read the units from a file", zh: "从文件读取单元" },
  pinsFile: { en: "Read the pins from a file", zh: "从文件读取信任锚点（pins）" },
  check: { en: "Check", zh: "核验" },
  checking: { en: "Checking: {0} % of {1}", zh: "正在核验：{1} 的 {0} %" },
  stop: { en: "Stop", zh: "停止" },
  print: { en: "Print", zh: "打印" },
  look: { en: "Look at this", zh: "请留意" },
  namesMore: { en: "{0}, and {1} more", zh: "{0} 等 {1} 块" },
  namesAll: { en: "All {0}", zh: "全部 {0} 个" },
  ownDropped: {
    en: "Whether policy, pins and keys are your own: they were dropped among the files. If they came with the evidence, this verdict proves only that the sender agrees with themselves.",
    zh: "策略、信任锚点和密钥是否确为您自己的：它们是与其他文件一起拖入的。若它们随证据一起送来，此结论只能证明发送方前后一致。",
  },
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
  statementOf: { en: "{0}, statement {1}", zh: "{0} 第 {1} 号声明" },
  recordOf: { en: "{0}, record {1}", zh: "{0}第 {1} 号记录" },
  fileOfRecord: { en: "This is the record of {0}.", zh: "这是 {0} 的记录。" },
  enclosed: { en: "Its file is enclosed: {0}", zh: "其文件已附上：{0}" },
  absent: { en: "none", zh: "无" },
  cut: { en: "… {0} more letters are not shown", zh: "……另有 {0} 个字符未显示" },
  moreRecords: { en: "{0} more records are opened and not shown here.", zh: "另有 {0} 条已披露的记录未在此显示。" },
  noLater: { en: "Existed no later than", zh: "不晚于此时已存在" },
  noLaterBy: { en: "{0}, by the word of the witnesses", zh: "{0}（据见证者所言）" },
  noLaterUnknown: { en: "Not known: your policy asks for no witness", zh: "未知：您的策略未要求见证者" },
  noEarlier: { en: "Log entry made after", zh: "日志条目作于此后" },
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
  isEmpty: { en: "{0} is empty: nothing was filled in.", zh: "{0} 是空文件，未填入任何内容。" },
  wentAway: { en: "{0} is too large for this field.", zh: "{0} 太大，无法填入。" },
  unreadable: {
    en: "{0} cannot be read: choose it again from where it lies now.",
    zh: "无法读取 {0}：请从其现在的位置重新选择。",
  },
  reading: { en: "Reading the files…", zh: "正在读取文件…" },
  filesAdded: { en: "{0} files", zh: "共 {0} 个文件" },
  filesMissing: { en: "{0} files. Still missing: {1}.", zh: "共 {0} 个文件。还缺：{1}。" },
  missing: { en: "Still missing: {0}.", zh: "还缺：{0}。" },
  filesUnpacked: { en: "{0} files. {1}", zh: "共 {0} 个文件。{1}" },
  unpacked: {
    en: "This is an unpacked bundle: drop the zip as it came, or check the folder with the program.",
    zh: "这是解开的证据包：请拖入原来的 zip 文件，或用程序核验该文件夹。",
  },
  missingEvidence: { en: "the bundle, or a receipt with its disclosure and report", zh: "证据包，或回执及其披露文件和报告" },
  missingDisclosure: { en: "the receipt's disclosure (…disclosure.json)", zh: "回执的披露文件（…disclosure.json）" },
  missingPolicy: { en: "your policy, a file that you hold from before", zh: "您的策略，即您事先持有的文件" },
  missingPins: { en: "your pins, a file that you hold from before", zh: "您的信任锚点（pins），即您事先持有的文件" },
  oneIsUsed: {
    en: "{0} looks like {1}, and there is one already: it is not used.",
    zh: "{0} 看起来是{1}，而已有一个在用：它未被使用。",
  },
  ownPolicy: { en: "a policy", zh: "策略" },
  ownPins: { en: "pins", zh: "信任锚点文件（pins）" },
  ownKeys: { en: "keys of machines", zh: "机器密钥" },
  ownLotKeys: { en: "keys of lots", zh: "批次密钥" },
  ownUnits: { en: "a list of units", zh: "单元清单" },
} satisfies Readonly<Record<string, Words>>;

export type TextName = keyof typeof TEXTS;
