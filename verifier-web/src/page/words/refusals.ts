/**
 * Why bytes are not what they should be, for people: the names of `formats/refusal.ts` as half sentences.
 *
 *     "Zip Header, 0"     ->  a header in the zip is not as it must be (0)
 *     "Note Utf8"         ->  in the signed note: it is not valid UTF-8
 */

import { fill, type Language, type Words } from "./language.ts";

/** Which value of a sentence is such a name. */
const PLACES: Readonly<Record<string, number>> = {
  "bad-disclosure": 1,
  "bad-keys": 1,
  "bad-part": 1,
  "bad-pins": 1,
  "bad-policy": 1,
  "bundle-altered": 1,
  "bundle-damaged": 1,
  "detail-other": 0,
  malformed: 1,
  "not-a-statement": 0,
};

/** What an outer name says: in which part the fault is. */
export const WITHIN: Readonly<Record<string, Words>> = {
  Beginning: { en: "in the hashes of the beginning", zh: "在开端的哈希中" },
  Checkpoint: { en: "in the checkpoint", zh: "在检查点中" },
  Fields: { en: "in the proof of the fields", zh: "在字段证明中" },
  Key: { en: "in the key", zh: "在密钥中" },
  Newer: { en: "in the newer checkpoint", zh: "在较新的检查点中" },
  Note: { en: "in the signed note", zh: "在签名文本中" },
  Older: { en: "in the older checkpoint", zh: "在较旧的检查点中" },
  Records: { en: "in the proof of the records", zh: "在记录证明中" },
  Statement: { en: "in the statement", zh: "在声明中" },
};

/** What the innermost name says. */
export const REFUSALS: Readonly<Record<string, Words>> = {
  After: { en: "the line that names an earlier checkpoint is wrong", zh: "指明先前检查点的一行有误" },
  Agree: { en: "the two checkpoints agree", zh: "两个检查点相符" },
  AnotherTree: { en: "the hashes are of another tree", zh: "哈希属于另一棵树" },
  BadSignature: { en: "the log's signature does not verify", zh: "日志签名验证失败" },
  Base64: { en: "the base64 is malformed", zh: "base64 有误" },
  Character: { en: "a control character", zh: "含控制字符" },
  Commitment: { en: "what is opened is not what the statement commits to", zh: "所披露的内容与声明所承诺的不符" },
  ControlCharacter: { en: "a control character", zh: "含控制字符" },
  DoubleCounted: { en: "a group would count one witness twice", zh: "同一见证者会被重复计数" },
  DuplicateKey: { en: "a key is there twice", zh: "同一密钥出现两次" },
  DuplicateName: { en: "a name is there twice", zh: "同一名称出现两次" },
  Empty: { en: "nothing is opened", zh: "没有披露任何内容" },
  Evidence: { en: "evidence is not what its path says", zh: "证据与其路径不符" },
  Extension: { en: "an extension line is wrong", zh: "扩展行有误" },
  Extra: { en: "the enclosed entry is malformed", zh: "所附条目有误" },
  FieldCount: { en: "a record has too few or too many fields", zh: "记录的字段数有误" },
  Format: { en: "it is of another format or version", zh: "格式或版本不同" },
  Gap: { en: "a statement of the range is missing", zh: "区间中缺少声明" },
  Hash: { en: "a hash is malformed", zh: "哈希有误" },
  Header: { en: "its header is not as it must be", zh: "其开头不符合要求" },
  Id: { en: "the key ID is not that of the key", zh: "密钥 ID 与密钥不符" },
  Index: { en: "the index is malformed", zh: "序号有误" },
  IndexBeyondTree: { en: "a place lies beyond the tree", zh: "位置超出了树" },
  Items: { en: "the line does not have the items it must have", zh: "该行的各项不符合要求" },
  Json: { en: "the JSON is not as it must be", zh: "JSON 不符合要求" },
  Key: { en: "a key is malformed, misplaced or one too many", zh: "密钥有误、位置不当或过多" },
  KeyType: { en: "the key is of a kind that does not belong here", zh: "此处不应使用这种密钥" },
  Keyword: { en: "the line begins with an unknown word", zh: "该行以未知的词开头" },
  Kind: { en: "the kind of a record is not opened or not known", zh: "记录的类型未披露或未知" },
  Length: { en: "the length is wrong", zh: "长度有误" },
  Line: { en: "a line is missing or malformed", zh: "缺少某行或该行有误" },
  Lines: { en: "lines are missing or not ended", zh: "缺少行或行未结束" },
  List: { en: "the list of the parts does not fit the parts", zh: "清单与各部分不符" },
  LogAsWitness: { en: "a witness has the key of a log", zh: "见证者使用了日志的密钥" },
  Malformed: { en: "it is malformed", zh: "格式有误" },
  Member: { en: "a value in the JSON is malformed", zh: "JSON 中的某个值有误" },
  MemberTwice: { en: "a member is in more than one group", zh: "同一成员属于多个组" },
  Missing: { en: "a part is missing", zh: "缺少某个部分" },
  Name: { en: "a name is malformed or out of place", zh: "名称有误或位置不当" },
  NewRootMismatch: { en: "the newer root does not follow", zh: "得不出较新的树根" },
  NoCheckpoint: { en: "there is no checkpoint in it", zh: "其中没有检查点" },
  NoHashes: { en: "nothing ties the two trees", zh: "没有将两棵树联系起来的哈希" },
  NoLineBreak: { en: "the last line is not ended: the file may have been cut", zh: "末行未结束：文件可能被截断" },
  NoQuorum: { en: "the line that says which witnesses are needed is missing", zh: "缺少说明所需见证者的一行" },
  NoSignatures: { en: "there are no signatures: the file may have been cut", zh: "没有签名：文件可能被截断" },
  NotCanonical: { en: "it is not written in the one form that is allowed", zh: "未按唯一允许的写法书写" },
  NotSigned: { en: "the log has not signed it", zh: "日志没有签署" },
  OldRootMismatch: { en: "the older root does not follow", zh: "得不出较旧的树根" },
  Order: { en: "the order is wrong", zh: "顺序有误" },
  Origin: { en: "the name of the log is malformed", zh: "日志名称有误" },
  OtherLog: { en: "a statement is of another log", zh: "有声明属于另一日志" },
  OtherPlace: { en: "a statement is not that of its path", zh: "声明与其路径不符" },
  Parts: { en: "it does not have the parts it must have", zh: "各部分不符合要求" },
  Path: { en: "a path does not belong in a bundle", zh: "路径不属于证据包" },
  Place: { en: "it is of another log, source or statement", zh: "属于另一日志、来源或声明" },
  Point: { en: "the key is no sound point of its curve", zh: "密钥不是曲线上的有效点" },
  Previous: { en: "the hash of the statement before is wrong", zh: "前一声明的哈希有误" },
  Private: { en: "it is a private key", zh: "这是私钥" },
  ProofLength: { en: "the proof has the wrong number of hashes", zh: "证明的哈希数有误" },
  Root: { en: "the root is malformed", zh: "树根有误" },
  RootMismatch: { en: "the path does not lead to the root", zh: "路径得不出树根" },
  SameSizeOtherRoot: { en: "two roots for one size", zh: "同一大小有两个树根" },
  SecondQuorum: { en: "it says twice which witnesses are needed", zh: "两次说明所需的见证者" },
  Shrank: { en: "the newer tree is the smaller one", zh: "较新的树反而较小" },
  Signature: { en: "the signature line is not one of its source", zh: "签名行不是其来源的" },
  SignatureLine: { en: "a signature line is malformed", zh: "签名行有误" },
  Size: { en: "the size is malformed", zh: "大小有误" },
  Threshold: { en: "the number that a group needs is wrong", zh: "组所需的数目有误" },
  TooLarge: { en: "it is too large", zh: "过大" },
  TooMany: { en: "there are too many of them", zh: "数量过多" },
  TooManyHashes: { en: "there are too many hashes", zh: "哈希过多" },
  TooManyRecords: { en: "there are too many records", zh: "记录过多" },
  TooManySignatures: { en: "there are too many signatures", zh: "签名过多" },
  TrailingLines: { en: "there are more lines than there may be", zh: "行数过多" },
  Twice: { en: "a statement is there twice", zh: "同一声明出现两次" },
  TwoLogs: { en: "they are of two logs", zh: "属于两个日志" },
  Type: { en: "the key is of an unknown kind", zh: "密钥类型未知" },
  UnknownLog: { en: "your policy does not list the log", zh: "您的策略未列出该日志" },
  UnknownName: { en: "a name that no line before has", zh: "此前没有任何一行定义该名称" },
  Utf8: { en: "it is not valid UTF-8", zh: "不是有效的 UTF-8" },
  Wide: { en: "it is text in UTF-16; save it as UTF-8", zh: "它是 UTF-16 文本；请另存为 UTF-8" },
  "Zip Checksum": { en: "the bytes of a part are damaged (its checksum does not fit)", zh: "某个部分的字节已损坏（校验和不符）" },
  "Zip End": { en: "the end of the zip is missing or wrong: the file may have been cut, or made by another program", zh: "缺少 zip 结尾或其有误：文件可能被截断，或由其他程序制作" },
  "Zip Gap": { en: "there is something between the parts of the zip, or something is missing", zh: "zip 各部分之间有多余或缺失的内容" },
  "Zip Header": { en: "a header in the zip is not as it must be: it was changed, or made by another program", zh: "zip 中的某个文件头不符合要求：被改动过，或由其他程序制作" },
};

/** The values of a sentence, with a refusal among them in words. */
export function explained(code: string, values: readonly string[], language: Language): string[] {
  return values.map((value, at) => (PLACES[code] === at ? explain(value, language) : value));
}

/** A refusal in words; anything else as it is. */
export function explain(value: string, language: Language): string {
  const [path = "", ...facts] = value.split(", ");
  const names = path.split(" ");
  const pair = names.slice(-2).join(" ");
  const [words, outer] = REFUSALS[pair]
    ? [REFUSALS[pair], names.slice(0, -2)]
    : [REFUSALS[names.at(-1) ?? ""], names.slice(0, -1)];
  const places = outer.map((name) => WITHIN[name]);
  if (!words || places.includes(undefined)) return value;
  const said = [...places.flatMap((place) => place ?? []), words].map((one) => fill(one, language));
  const [colon, open, close] = language === "zh" ? ["：", "（", "）"] : [": ", " (", ")"];
  const named = facts.map((fact) => placed(fact, language));
  return said.join(colon) + (named.length > 0 ? open + named.join(", ") + close : "");
}

/** A part without a path by its place, `#3` for the third; anything else as it is. */
function placed(fact: string, language: Language): string {
  const [, place] = /^#(\d+)$/.exec(fact) ?? [];
  if (place === undefined) return fact;
  return fill({ en: "part {0}, counted from one", zh: "第 {0} 个部分" }, language, [place]);
}
