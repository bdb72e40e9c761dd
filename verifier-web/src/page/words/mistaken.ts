/** What is said of a text that was put into another's field; `{0}` is what that field is for. */

import type { Words } from "./language.ts";

export const MISTAKEN: Readonly<Record<string, Words>> = {
  "given-bundle": {
    en: "What was put in as {0} is a bundle: drop it among the files, and put the text of your own in its place.",
    zh: "填作{0}的内容是证据包：请将它与其他文件一起拖入，此栏请填您自己的文本。",
  },
  "looks-disclosure": {
    en: "What was put in as {0} opens the records of a receipt: drop it among the files, beside the receipt.",
    zh: "填作{0}的内容是回执的披露文件：请将它与回执一起拖入。",
  },
  "looks-keys": {
    en: "What was put in as {0} looks like keys of machines: put them into the field for keys.",
    zh: "填作{0}的内容看起来是机器密钥：请填入机器密钥栏。",
  },
  "looks-lot-key": {
    en: "What was put in as {0} looks like a lot key, which is not shown: put it into the field for keys of your lots.",
    zh: "填作{0}的内容看起来是批次密钥，不予显示：请填入批次密钥栏。",
  },
  "looks-pins": {
    en: "What was put in as {0} looks like pins: put it into the field for your pins.",
    zh: "填作{0}的内容看起来是信任锚点文件（pins）：请填入信任锚点栏。",
  },
  "looks-policy": {
    en: "What was put in as {0} looks like a policy: put it into the field for your policy.",
    zh: "填作{0}的内容看起来是策略：请填入策略栏。",
  },
  "looks-receipt": {
    en: "What was put in as {0} is a receipt: drop it among the files.",
    zh: "填作{0}的内容是回执：请将它与其他文件一起拖入。",
  },
  "looks-units": {
    en: "What was put in as {0} looks like a list of units: put it into the field for your units.",
    zh: "填作{0}的内容看起来是单元清单：请填入单元栏。",
  },
};
