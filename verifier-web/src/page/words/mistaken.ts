/** What is said of a text that was put into another's field; `{0}` is what that field is for. */

import type { Words } from "./language.ts";

export const MISTAKEN: Readonly<Record<string, Words>> = {
  "given-bundle": {
    en: "What was put in as {0} is a bundle: it belongs among the files of step 1, and the text of your own in its place.",
    zh: "填作{0}的内容是证据包：它应放在第 1 步的文件中，此栏请填您自己的文本。",
  },
  "looks-disclosure": {
    en: "What was put in as {0} opens the records of a receipt: it belongs among the files of step 1, beside the receipt.",
    zh: "填作{0}的内容是回执的披露文件：它应与回执一起放在第 1 步的文件中。",
  },
  "looks-keys": {
    en: "What was put in as {0} looks like keys of machines: put them into the field for keys, in step 2.",
    zh: "填作{0}的内容看起来是机器密钥：请填入第 2 步的机器密钥栏。",
  },
  "looks-lot-key": {
    en: "What was put in as {0} looks like a lot key, which is not shown: put it into the field for keys of your lots, in step 2.",
    zh: "填作{0}的内容看起来是批次密钥，不予显示：请填入第 2 步的批次密钥栏。",
  },
  "looks-pins": {
    en: "What was put in as {0} looks like pins: put it into the field for your pins, in step 2.",
    zh: "填作{0}的内容看起来是信任锚点文件（pins）：请填入第 2 步的信任锚点栏。",
  },
  "looks-policy": {
    en: "What was put in as {0} looks like a policy: put it into the field for your policy, in step 2.",
    zh: "填作{0}的内容看起来是策略：请填入第 2 步的策略栏。",
  },
  "looks-receipt": {
    en: "What was put in as {0} is a receipt: it belongs among the files of step 1.",
    zh: "填作{0}的内容是回执：它应放在第 1 步的文件中。",
  },
  "looks-units": {
    en: "What was put in as {0} looks like a list of units: put it into the field for your units, in step 2.",
    zh: "填作{0}的内容看起来是单元清单：请填入第 2 步的单元栏。",
  },
};
