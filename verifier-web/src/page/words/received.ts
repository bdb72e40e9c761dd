/** What is said of files that are not whole or are parts of one, of files in the other's list, of a list of units that finds nothing, and of what is not used. */

import { TEXTS } from "./labels.ts";
import type { Words } from "./language.ts";

export const RECEIVED: Readonly<Record<string, Words>> = {
  "bundle-cut": {
    en: "{0}: its end is missing.",
    zh: "{0}：文件的结尾缺失。",
  },
  "bundle-damaged": {
    en: "{0} is not as it was made: {1}.",
    zh: "{0} 与制成时不同：{1}。",
  },
  "own-in-list": {
    en: "{0} looks like {1} and is not used. If it is your own, from before the dispute, choose that in the column “Taken as”.",
    zh: "{0} 看起来是{1}，但未使用。若确为您自己在争议之前就有的，请在“用作”一列中选定。",
  },
  "own-none-found": {
    en: "None of your {0} units is found in what was shown: another lot key, another delivery, or the machine spells them differently (capital and small letters are not the same). Many machines read only the code of the panel: their records are found only by a list with a column `panel`, with the number of the panel that each board was on; ask the maker for it. If list and key are the right ones, nothing of your units was shown.",
    zh: "在所出示的内容中，您的 {0} 个单元一个也没有找到：批次密钥或出货批不对，或机器的写法不同（区分大小写）。许多机器只读拼板的条码：其记录只能凭清单中的 `panel` 列（每块板所在拼板的号码）找到；请向工厂索取。若清单和密钥无误，则您的单元没有任何记录被出示。",
  },
  "list-first-line": {
    en: "The first line of your list, {0}, is written as none of the others: it looks like a header. If it is one, name its columns as they are known here: serial, panel, position, lot.",
    zh: "您清单的首行 {0} 与其他各行写法不同：它像是表头。若确为表头，请改用可识别的列名：序列号（serial）、拼板（panel）、位置（position）、批次（lot）。",
  },
  "list-unread": {
    en: "I did not read these columns of your list: {0}. Known are serial, panel, position, lot: if one of them is meant, call it so.",
    zh: "您清单中的这些列未被读取：{0}。可识别的列名为序列号（serial）、拼板（panel）、位置（position）、批次（lot）：若其中有所指的列，请改用该列名。",
  },
  "open-lot-keys-unused": {
    en: "Your lot keys: they find the records of your lots in bundles, and were not used for this receipt.",
    zh: "您的批次密钥：它们用于在证据包中查找您批次的记录，对这份回执未予使用。",
  },
  "open-units-unused": {
    en: "Your list of units: it is looked for in bundles, and was not used for this receipt.",
    zh: "您的单元清单：它用于在证据包中查找，对这份回执未予使用。",
  },
  "unpacked-bundle": TEXTS.unpacked,
  "open-hidden-parts": {
    en: "What is not opened: all {0} records are shown, and of some of them not every field.",
    zh: "未披露的内容：{0} 条记录均已披露，但其中有的并非全部字段。",
  },
};
